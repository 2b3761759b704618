//! The figures that the design sets, each measured beside what it is compared to.
//!
//! `cargo bench --locked --bench figures -- 1 2 6` measures those three; without a number, all. `--full` takes the long forms,
//! `--trial` such short ones that their values say nothing.
//! Never part of the tests: a machine that is busy would fail them.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement goes by real time, and fails by a panic"
)]

mod completions;
mod control;
mod echo;
mod figure_1_messages;
mod figure_2_store;
mod figure_3_control;
mod figure_4_completions;
mod figure_5_fan_out;
mod figure_6_start;
mod figure_7_memory;
mod figure_8_restart;
mod figure_9_recovery;
#[path = "../it/harness/mod.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod harness;
mod load;
mod message;
mod process;
mod provider;
mod relay;
mod report;
mod sample;
mod stage;

use report::Report;

/// The figures that are measured here, in order.
const FIGURES: [u8; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/// How long the measurements may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Shorter than says anything: whether it runs at all.
    Trial,
    /// Minutes in all.
    Short,
    /// As long as the design says.
    Full,
}

fn main() {
    let (figures, form) = arguments();
    let mut report = Report::new();
    for figure in figures {
        eprintln!("measuring figure {figure} …");
        // A system of its own each, so that nothing of one figure runs beside the next.
        actix_web::rt::System::new().block_on(measure(figure, form, &mut report));
    }
    report.table();
}

async fn measure(figure: u8, form: Form, report: &mut Report) {
    match figure {
        1 => figure_1_messages::measure(report).await,
        2 => figure_2_store::measure(report).await,
        3 => figure_3_control::measure(report).await,
        4 => figure_4_completions::measure(report).await,
        5 => figure_5_fan_out::measure(report).await,
        6 => figure_6_start::measure(report).await,
        7 => figure_7_memory::measure(form, report).await,
        8 => figure_8_restart::measure(report).await,
        9 => figure_9_recovery::measure(report).await,
        other => panic!("figure {other} is not measured here; there are {FIGURES:?}"),
    }
}

/// Reads the figures and the form from the command line. Cargo adds `--bench`.
fn arguments() -> (Vec<u8>, Form) {
    let (mut figures, mut form) = (Vec::new(), Form::Short);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--bench" => {}
            "--full" => form = Form::Full,
            "--trial" => form = Form::Trial,
            number => figures.push(number.parse().expect("figures by their numbers, --full, --trial")),
        }
    }
    if figures.is_empty() {
        figures.extend(FIGURES);
    }
    (figures, form)
}
