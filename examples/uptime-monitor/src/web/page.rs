//! The page: a table with a row for each endpoint, complete without JavaScript.

use std::fmt::Write;

use super::plot;
use super::text::{Escaped, Latency, Percent};
use crate::clock::{Millis, span, timestamp};
use crate::store::{Endpoint, State};

pub(crate) fn whole(endpoints: &[Endpoint], now: Millis) -> String {
    let rows: String = endpoints.iter().map(|endpoint| row(endpoint, now)).collect();
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<script src="/live.js" defer></script>
<noscript><meta http-equiv="refresh" content="10"></noscript>
</head>
<body>
<header>
<p class="name"><img src="/icon.svg" alt="" width="20" height="20">Uptime</p>
<p id="live" hidden></p>
<h1 id="summary" role="status">{summary}</h1>
</header>
<main>
<table role="table">
<caption>Endpoints, as of their last checks</caption>
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Endpoint</th>
<th role="columnheader" scope="col">State</th>
<th role="columnheader" scope="col">24 hours</th>
<th role="columnheader" scope="col">Latency</th>
<th role="columnheader" scope="col">Last checks</th>
</tr></thead>
<tbody role="rowgroup" id="rows">
{rows}</tbody>
</table>
</main>
<footer><a href="/api/endpoints">JSON</a> <a href="/readyz?verbose">Health</a></footer>
</body>
</html>
"#,
        title = title(endpoints),
        summary = summary(endpoints),
    )
}

/// Returns the state of all endpoints in one sentence.
pub(crate) fn summary(endpoints: &[Endpoint]) -> String {
    let down: Vec<_> = with(endpoints, State::Down);
    let pending = with(endpoints, State::Pending).len();
    let all = endpoints.len();
    match (all, down.len()) {
        (0, _) => {
            "Nothing is watched. <small>Add a <code>[[tasks.probe]]</code> to <code>lifespan.toml</code>.</small>"
                .to_owned()
        }
        (_, 0) if pending == all => "Waiting for the first checks".to_owned(),
        (1, 0) => "The endpoint is up".to_owned(),
        (_, 0) if pending > 0 => format!("{} of {all} endpoints are up, {pending} waiting", all - pending),
        (_, 0) => format!("All {all} endpoints are up"),
        (_, count) => {
            let names: Vec<_> = down.iter().map(|endpoint| Escaped(&endpoint.name).to_string()).collect();
            let be = if count == 1 { "is" } else { "are" };
            format!("{count} of {all} {be} down <small>{}</small>", names.join(", "))
        }
    }
}

/// Returns the title of the page.
pub(crate) fn title(endpoints: &[Endpoint]) -> String {
    match with(endpoints, State::Down).len() {
        0 => "Uptime".to_owned(),
        count => format!("({count} down) Uptime"),
    }
}

fn with(endpoints: &[Endpoint], state: State) -> Vec<&Endpoint> {
    endpoints.iter().filter(|endpoint| endpoint.state() == state).collect()
}

pub(crate) fn row(endpoint: &Endpoint, now: Millis) -> String {
    let name = Escaped(&endpoint.name);
    let (class, word) = match endpoint.state() {
        State::Pending => ("pending", "waiting"),
        State::Up => ("up", "up"),
        State::Down => ("down", "down"),
    };
    let mut html = format!(
        r#"<tr role="row" class="{class}" data-name="{name}"><th role="rowheader" scope="row"><span class="name">{name}</span>"#
    );
    let mut put = |more: std::fmt::Arguments<'_>| {
        // Writing into a `String` can't fail.
        let _ = html.write_fmt(more);
    };
    if let Some(known) = &endpoint.known {
        let url = Escaped(&known.url);
        put(format_args!(r#"<a href="{url}" rel="noreferrer">{url}</a>"#));
    }
    put(format_args!(r#"</th><td role="cell" class="state"><span class="badge">{word}</span>"#));
    if let Some(known) = &endpoint.known {
        let (moment, span) = (timestamp(known.since), span(now - known.since));
        put(format_args!(r#"<small>for <time datetime="{moment}" title="since {moment}">{span}</time></small>"#));
    }
    if let Some(error) = endpoint.checks.last().and_then(|check| check.error.as_deref()) {
        put(format_args!(r#"<small class="why">{}</small>"#, Escaped(error)));
    }
    put(format_args!(r#"</td><td role="cell" class="uptime"><span class="figure">"#));
    match endpoint.uptime() {
        Some(share) => put(format_args!("{}", Percent(share))),
        None => put(format_args!("–")),
    }
    put(format_args!(r#"</span>{}</td><td role="cell" class="took"><span class="figure">"#, plot::day(endpoint, now)));
    match endpoint.checks.last() {
        Some(check) if check.error.is_none() => put(format_args!("{}", Latency(check.latency))),
        _ => put(format_args!("–")),
    }
    put(format_args!("</span>"));
    if let (Some(p50), Some(p95)) = (endpoint.percentile(50), endpoint.percentile(95)) {
        put(format_args!("<small>median {}</small><small>95 % in {}</small>", Latency(p50), Latency(p95)));
    }
    put(format_args!(r#"</td><td role="cell" class="plot">{}</td></tr>"#, plot::latency(endpoint)));
    put(format_args!("\n"));
    html
}
