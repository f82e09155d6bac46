//! The routes of the page and of the API.

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

/// The content security policy: only our own files and scripts are loaded, even if a name or a URL contains HTML.
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

/// An error reading the history. The details go to the log, not to the client.
#[derive(Debug)]
pub(crate) struct Trouble(anyhow::Error);

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        tracing::error!("a request failed with status 500: {:#}", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, "the history cannot be read; see the log\n").into_response()
    }
}
