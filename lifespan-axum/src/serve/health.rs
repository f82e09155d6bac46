//! The health endpoints: `/livez`, `/readyz` and `/startupz`.

use std::fmt::Write as _;

use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use lifespan_core::private::line;
use lifespan_core::{App, State};

/// Returns the response to a request for a health endpoint.
///
/// `/livez` is 200 as long as the process answers. It runs no health checks: a restart of the process would not repair
/// what they find. `/startupz` is 200 once the app has started; `/readyz` is 200 while the app is ready. With `?verbose`
/// the response lists the reasons.
pub(super) fn answer(app: &App, uri: &Uri) -> Option<Response> {
    let state = app.state();
    let is_about_readiness = uri.path() == "/readyz";
    let is_well = match uri.path() {
        "/livez" => true,
        "/startupz" => !matches!(state, State::New | State::Starting),
        "/readyz" => app.is_ready(),
        _ => return None,
    };
    let mut text = String::from(if is_well { "ok\n" } else { "not ok\n" });
    let is_verbose =
        uri.query().is_some_and(|query| query.split('&').any(|word| word == "verbose" || word.starts_with("verbose=")));
    if is_verbose {
        text.clear();
        // Writing into a `String` can't fail.
        let sign = if is_well || is_about_readiness && state == State::Up { '+' } else { '-' };
        let _ = writeln!(text, "[{sign}] app: {state}");
        if is_about_readiness {
            say_why(app, &mut text);
        }
    }
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Some((status, [(header::CACHE_CONTROL, "no-store")], text).into_response())
}

/// Writes what makes the app not ready or degraded.
fn say_why(app: &App, text: &mut String) {
    // Writing into a `String` can't fail.
    for name in app.missing_resources() {
        let _ = writeln!(text, "[-] resource {name}: not available");
    }
    for unit in app.weak_units() {
        let _ = writeln!(text, "[-] {} {unit}: not up, or recovering from a failure", unit.kind());
    }
    for check in app.health() {
        let _ = match &check.reason {
            None => writeln!(text, "[+] check {check}"),
            Some(reason) => writeln!(text, "[-] check {check}: {}", line(reason)),
        };
    }
}
