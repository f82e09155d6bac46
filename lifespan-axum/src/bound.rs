//! A router that is bound to an app, without a server.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use lifespan_core::axum::Handles;
use lifespan_core::{App, ChildrenHandle};

/// The handles of a router; dropping them ends its children.
type Bound = Arc<OnceLock<(Handles, ChildrenHandle)>>;

/// Binds a router to an app without a [`Server`](crate::Server): its handlers take `Res<T>`, `Live<T>`, `App`, `Shutdown`
/// and `Children` from this app. For tests that call a router in place, and for programs that serve it in another way.
///
/// `Shutdown` is that of the app. `Children` end when the last clone of the router is dropped. Resources that code
/// provides are there before the app is launched, so a test of a handler needs no run.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use lifespan::{App, Res};
/// use tower::ServiceExt;
///
/// async fn greet(name: Res<String>) -> String {
///     format!("Hello, {}!", *name)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::empty();
/// app.provide("Ada".to_owned())?;
/// let router = lifespan_axum::with_app(Router::new().route("/", get(greet)), &app);
/// let response = router.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(()) }
/// ```
pub fn with_app(router: Router, app: &App) -> Router {
    let (app, bound) = (app.clone(), Bound::default());
    router.layer(from_fn(move |mut request: Request, next: Next| {
        // At the first request: a router may be made outside a runtime.
        let (handles, _) = bound.get_or_init(|| Handles::of_app(&app));
        request.extensions_mut().insert(handles.clone());
        next.run(request)
    }))
}
