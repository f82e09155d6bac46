//! Which units run: by their declarations, by code and by the operator.

use lifespan::testing::TestApp;
use lifespan::{App, Shutdown, lifespan_task};

#[lifespan_task(manual, every = "1h", start = "after_first_period")]
async fn base() {}

#[lifespan_task(manual)]
async fn probe(#[config(key)] site: String, shutdown: Shutdown) {
    drop(site);
    shutdown.requested().await;
}

#[tokio::test(start_paused = true)]
async fn rule_120_a_mistyped_name_is_answered_with_the_name_that_was_probably_meant() {
    let app = App::empty();
    app.register(BaseConfig {}).unwrap();
    app.register(ProbeConfig { site: "home".to_owned() }).unwrap();
    let running = app.start().await.unwrap();
    let refused = app.restart("bsae").await.unwrap_err().to_string();
    assert_eq!(refused, "cannot restart `bsae`: no such unit in this app; did you mean `base`?");
    let refused = app.restart("probe[hoem]").await.unwrap_err().to_string();
    assert_eq!(refused, "cannot restart `probe[hoem]`: no such unit in this app; did you mean `probe[home]`?");
    let refused = app.trigger("bsae".to_owned()).await.unwrap_err().to_string();
    assert_eq!(refused, "cannot trigger `bsae`: no such task in this app; did you mean `base`?");
    let far = app.restart("elsewhere").await.unwrap_err().to_string();
    assert!(far.ends_with("name a registered function, or an instance as `app.registered()` lists it"), "{far}");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "`bsae` is not registered in this app; did you mean `base`?")]
async fn rule_120_so_is_one_in_a_test() {
    let app = TestApp::new().with(base).may_leave_tasks().start().await;
    app.panic("bsae", "now");
}
