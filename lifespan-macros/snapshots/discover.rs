/// Every task and context in this program.
#[cfg(unix)]
#[must_use]
#[allow(dead_code)]
pub fn lifespan_tasks() -> renamed::lifespan::__private::Discovered {
    renamed::lifespan::__private::discovered()
}
#[cfg(unix)]
const _: () = {
    extern crate my_jobs as _;
    extern crate short as _;
    extern crate more as _;
    static __LIFESPAN_DISCOVERY: renamed::lifespan::__private::Discovery = renamed::lifespan::__private::Discovery {
        module: renamed::lifespan::__private::module_path!(),
        links: &["my_jobs", "my_models", "more"],
        place: renamed::lifespan::__private::Location {
            file: renamed::lifespan::__private::file!(),
            line: renamed::lifespan::__private::line!(),
            column: renamed::lifespan::__private::column!(),
        },
    };
    renamed::lifespan::__private::register_discovery!(__LIFESPAN_DISCOVERY);
};
