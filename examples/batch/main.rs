//! A batch job with three steps, each of which needs the result of the previous one.
//!
//! A `once` task runs to completion, and its return value is a resource. So a step that takes `Res<Orders>` starts after the
//! step that returns `Orders` has ended. When all tasks have finished, the app ends, and the exit code is the result.
//!
//! ```text
//! cargo run --example batch
//! LIFESPAN__TASKS__READ_ORDERS__PATH=missing.csv cargo run --example batch     # fails, exit code 1
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use lifespan::prelude::*;

struct Orders(Vec<Order>);

struct Order {
    customer: String,
    cents: u64,
}

struct Totals(BTreeMap<String, u64>);

/// Reads the orders.
#[lifespan_task(once)]
async fn read_orders(#[config(default = "examples/batch/orders.csv")] path: PathBuf) -> anyhow::Result<Orders> {
    let text = tokio::fs::read_to_string(&path).await.with_context(|| format!("cannot read {}", path.display()))?;
    let mut orders = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1) {
        let order = line.split_once(',').and_then(|(customer, cents)| {
            Some(Order { customer: customer.to_owned(), cents: cents.trim().parse().ok()? })
        });
        orders.push(order.with_context(|| format!("{}:{}: write `customer,cents`", path.display(), number + 1))?);
    }
    println!("read_orders: {} orders", orders.len());
    Ok(Orders(orders))
}

/// Adds up the orders of each customer.
#[lifespan_task(once)]
async fn add_up(orders: Res<Orders>) -> Totals {
    let mut totals = BTreeMap::new();
    for order in &orders.0 {
        *totals.entry(order.customer.clone()).or_default() += order.cents;
    }
    println!("add_up: {} customers", totals.len());
    Totals(totals)
}

/// Prints the totals.
#[lifespan_task(once)]
async fn print_totals(totals: Res<Totals>) {
    for (customer, cents) in &totals.0 {
        println!("{customer:>10} {:>6}.{:02}", cents / 100, cents % 100);
    }
}

fn main() -> Report {
    App::new().run()
}
