//! The descriptors of both servers, by which the framework knows their tasks.

use std::any::Any;

use axum::Router;
use lifespan_core::private::{
    Argument, Binder, Config, Descriptor, Inject, Kind, Layered, Location, Options, Output, RegistrationExtras,
    UnitInfo, bound, id_of, register_unit, runs,
};
use lifespan_core::{App, Children, Ready, Shutdown};

use crate::health_server::{HealthServer, health_server};
use crate::listen::ListenError;
use crate::server::{Server, server};
use crate::settings::Settings;

impl Config for Server {
    fn descriptor() -> &'static Descriptor {
        &SERVER
    }

    fn extras(&self) -> Option<Box<RegistrationExtras>> {
        Some(Box::new(RegistrationExtras { needs: self.needed().to_vec(), layers: Some(layers) }))
    }
}

fn layers(given: &(dyn Any + Send), binder: &mut Binder<'_>) -> Option<Layered> {
    let server = given.downcast_ref::<Server>()?.layered(binder)?;
    let shutdown_timeout = Some(server.shutdown_timeout());
    Some(Layered { config: Box::new(server), shutdown_timeout })
}

const HERE: Location = Location { file: file!(), line: line!(), column: 1 };

static SERVER: Descriptor = Descriptor {
    info: UnitInfo {
        kind: Kind::Task,
        name: "server",
        module: module_path!(),
        place: HERE,
        name_place: HERE,
        docs: "Serves an axum router.",
        id: || id_of(server),
        options: Options { manual: true, last: true, serves: true, ..Options::NONE },
        after: &[],
        before: &[],
        needs: &[App::need, Shutdown::need, Ready::need, Children::need],
        returns: None,
        arguments: &Settings::arguments(HERE),
    },
    bind: |binder| {
        // The router can only come from code, so it is missing in any case.
        binder.code::<Router>(0);
        None
    },
    key: None,
    start: |mut start| {
        let config = start.config::<Server>(|config| Some(config.clone()));
        let (app, shutdown, ready, children) = (start.inject(), start.inject(), start.inject(), start.inject());
        let future = server(config, app, shutdown, ready, children);
        runs(future, Output::<Result<(), ListenError>>::NEW.how())
    },
};
register_unit!(SERVER);

impl Config for HealthServer {
    fn descriptor() -> &'static Descriptor {
        &HEALTH_SERVER
    }
}

static HEALTH_SERVER: Descriptor = Descriptor {
    info: UnitInfo {
        kind: Kind::Task,
        name: "health_server",
        module: module_path!(),
        place: HERE,
        name_place: HERE,
        docs: "Serves the health endpoints.",
        id: || id_of(health_server),
        options: Options { configured: true, always: true, background: true, first: true, ..Options::NONE },
        after: &[],
        before: &[],
        needs: &[App::need, Shutdown::need, Ready::need, Children::need],
        returns: None,
        arguments: &[Argument { name: "bind", ty: "String", line: HERE.line, column: HERE.column, ..Argument::PLAIN }],
    },
    bind: |binder| {
        let bind: Option<String> = binder.argument(0);
        bound(HealthServer::new(bind?))
    },
    key: None,
    start: |mut start| {
        let config = start.config::<HealthServer>(|config| Some(config.clone()));
        let (app, shutdown, ready, children) = (start.inject(), start.inject(), start.inject(), start.inject());
        let future = health_server(config, app, shutdown, ready, children);
        runs(future, Output::<Result<(), ListenError>>::NEW.how())
    },
};
register_unit!(HEALTH_SERVER);
