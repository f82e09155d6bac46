//! The HTTP client, and the check of one endpoint.

use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::USER_AGENT;
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lifespan::lifespan_context;
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use crate::clock;
use crate::store::Check;

pub(crate) struct HttpClient(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

/// Creates the client that all probes share. It trusts the certificates that the system trusts.
#[lifespan_context]
async fn http_client() -> anyhow::Result<HttpClient> {
    // Reading the certificate files blocks.
    let connector = tokio::task::spawn_blocking(|| HttpsConnectorBuilder::new().with_native_roots()).await?.context(
        "cannot read the system's trusted certificates; install the package `ca-certificates`, or set SSL_CERT_FILE to a file",
    )?;
    let connector = connector.https_or_http().enable_http1().build();
    // Connections are not reused: each check covers name resolution, connection and certificate, as for a new visitor.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    Ok(HttpClient(client))
}

impl HttpClient {
    /// Checks a URL once. Redirects are not followed: their status may be the expected one.
    pub(crate) async fn check(&self, url: &Url, wanted: u16, limit: Duration) -> Check {
        let began = Instant::now();
        let error = match timeout(limit, self.get(url)).await {
            Ok(Ok(status)) if status == wanted => None,
            Ok(Ok(status)) => Some(format!("status {status} instead of {wanted}")),
            Ok(Err(error)) => Some(error.root_cause().to_string()),
            Err(_) => Some(format!("timed out: no complete response within {limit:?}")),
        };
        let latency = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        Check { at: clock::now(), latency, error }
    }

    /// Returns the status after the complete response has arrived.
    async fn get(&self, url: &Url) -> anyhow::Result<u16> {
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let request = Request::get(url.0.clone()).header(USER_AGENT, agent).body(Empty::new())?;
        let answer = self.0.request(request).await?;
        let status = answer.status().as_u16();
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(status)
    }
}

/// A URL with `http://` or `https://`, validated with the plan before any unit runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Url(Uri);

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let advice = "write it as in \"https://example.org/health\"";
        let uri: Uri = text.parse().map_err(|error| format!("invalid URL: {error}; {advice}"))?;
        match uri.scheme_str() {
            Some("http" | "https") => Ok(Self(uri)),
            Some(_) => Err(format!("only http and https are supported; {advice}")),
            None => Err(format!("a URL begins with http:// or https://; {advice}")),
        }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
