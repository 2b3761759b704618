//! What was measured, one line each as it comes, and a table at the end.

use std::fmt::Write as _;

/// What a value has to reach.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// So much or more.
    AtLeast(f64),
    /// So much or less.
    AtMost(f64),
}

impl Bar {
    fn text(self) -> String {
        match self {
            Self::AtLeast(bar) => format!(">= {}", number(bar)),
            Self::AtMost(bar) => format!("<= {}", number(bar)),
        }
    }

    fn verdict(self, value: f64) -> &'static str {
        match self {
            Self::AtLeast(bar) if value >= bar => "reached",
            Self::AtMost(bar) if value <= bar => "reached",
            Self::AtLeast(_) | Self::AtMost(_) => "missed",
        }
    }
}

/// One value.
#[derive(Clone, Debug)]
pub struct Line {
    /// The figure's number in the design.
    pub figure: u8,
    /// What was measured.
    pub what: &'static str,
    /// How much it came to.
    pub value: f64,
    /// In what.
    pub unit: &'static str,
    /// What it has to reach.
    pub bar: Bar,
    /// What it is compared to, measured in the same run.
    pub beside: String,
    /// Under which conditions.
    pub conditions: String,
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Report {
    cores: usize,
    lines: Vec<Line>,
}

impl Report {
    /// Returns an empty report of this machine.
    pub fn new() -> Self {
        Self { cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get), lines: Vec::new() }
    }

    /// Prints a value and keeps it for the table.
    pub fn add(&mut self, line: Line) {
        println!(
            "figure={} what=\"{}\" value={} unit={} bar=\"{}\" verdict={} beside=\"{}\" conditions=\"{} cores, {}\"",
            line.figure,
            line.what,
            number(line.value),
            line.unit,
            line.bar.text(),
            line.bar.verdict(line.value),
            line.beside,
            self.cores,
            line.conditions
        );
        self.lines.push(line);
    }

    /// Prints the table.
    pub fn table(&self) {
        let mut table = String::from("\n| # | what | value | bar | |\n|---|---|---|---|---|\n");
        for line in &self.lines {
            let (value, bar) = (number(line.value), line.bar.text());
            // Writing to a string cannot fail.
            let _ = writeln!(
                table,
                "| {} | {} | {value} {} | {bar} | {} |",
                line.figure,
                line.what,
                line.unit,
                line.bar.verdict(line.value)
            );
        }
        println!("{table}");
    }
}

/// Returns a number with as many places as say something.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
