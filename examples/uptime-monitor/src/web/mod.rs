//! What browsers and programs may ask for.

mod api;
mod feed;
mod page;
mod plot;
mod text;

use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use lifespan::{App, Res};

use crate::store::Store;
use crate::{clock, demo, probe};

/// Everything on the page comes from here, and no script but ours runs, whatever a name or a URL may contain.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(index))
        .route("/events", get(feed::events))
        .route("/api/endpoints", get(api::endpoints))
        .route("/api/endpoints/{name}", get(api::endpoint))
        .route("/demo", get(demo::answer))
        .route("/style.css", file("text/css", include_str!("style.css")))
        .route("/live.js", file("text/javascript", include_str!("live.js")))
        .route("/icon.svg", file("image/svg+xml", include_str!("icon.svg")))
}

async fn index(app: App, store: Res<Store>) -> Result<impl IntoResponse, Trouble> {
    let now = clock::now();
    let endpoints = store.endpoints(probe::watched(&app), now).await?;
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Html(page::whole(&endpoints, now))))
}

fn file(kind: &'static str, text: &'static str) -> MethodRouter {
    const ASK_AGAIN: (HeaderName, &str) = (header::CACHE_CONTROL, "no-cache");
    get(move || async move { ([(header::CONTENT_TYPE, kind), ASK_AGAIN], text) })
}

/// The history could not be read: told in the log, not to whoever asks.
#[derive(Debug)]
pub(crate) struct Trouble(anyhow::Error);

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        tracing::error!("a request is answered 500: {:#}", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, "the history cannot be read; the log says why\n").into_response()
    }
}
