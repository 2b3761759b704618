//! Puts the log in place, and is what is held of it.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use callboard_actors::core::Clock;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use tracing_subscriber::layer::SubscriberExt as _;

use super::console::Console;
use super::error::LogError;
use super::file::DayFile;
use super::layer::{LogLayer, Outlet};
use super::levels::Levels;
use super::line::{Form, Paint};
use super::queue::{LINES_MAX, Queue};
use super::redact::Redactor;
use super::settings::{ConsoleStyle, LogSettings};

/// The log of the process.
#[derive(Debug)]
pub struct Logs {
    levels: Arc<Levels>,
    redactor: Arc<Redactor>,
    queues: Vec<Queue>,
}

impl Logs {
    /// Takes over the levels and the mirror of new settings; the rest holds from the next start on.
    pub fn reload(&self, settings: &LogSettings) {
        self.levels.set(settings);
        tracing::callsite::rebuild_interest_cache();
    }

    /// Has the values of secrets hidden wherever they stand; replaces those of the call before. Ones below 6 bytes are not.
    pub fn hide(&self, secrets: Vec<SecretString>) {
        self.redactor.know(secrets);
    }

    /// Waits until what was logged before is written, at most so long for the file and for the console.
    pub fn flush(&self, wait: Duration) {
        for queue in &self.queues {
            queue.flush(wait);
        }
    }
}

/// Puts the log in place for the whole process, panics included.
///
/// # Errors
/// The files cannot be written, a thread cannot be started, or there is a log already.
pub fn install(settings: &LogSettings, clock: Clock) -> Result<Logs, LogError> {
    let (layer, logs) = build(settings, clock, TimeZone::system())?;
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)?;
    std::panic::set_hook(Box::new(tell_panic));
    Ok(logs)
}

/// Makes the log without putting it in place.
pub(crate) fn build(settings: &LogSettings, clock: Clock, zone: TimeZone) -> Result<(LogLayer, Logs), LogError> {
    let (levels, redactor) = (Arc::new(Levels::new(settings)), Arc::<Redactor>::default());
    let file = match &settings.dir {
        Some(dir) => {
            let file = DayFile::open(dir, settings, zone.clone(), clock.now_ms())?;
            Some(Outlet { form: Form::Json, queue: Queue::start("log-file", LINES_MAX, file)? })
        }
        None => None,
    };
    let form = console_form(settings.console_style, zone);
    let console = Outlet { form: form.clone(), queue: Queue::start("log-console", LINES_MAX, Console::new(form))? };
    let queues = file.iter().chain([&console]).map(|outlet| outlet.queue.clone()).collect();
    let logs = Logs { levels: Arc::clone(&levels), redactor: Arc::clone(&redactor), queues };
    Ok((LogLayer { clock, levels, redactor, file, console: Some(console) }, logs))
}

fn console_form(style: ConsoleStyle, zone: TimeZone) -> Form {
    match style {
        ConsoleStyle::Json => Form::Json,
        ConsoleStyle::Pretty => {
            let wanted = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
            let coloured = wanted && std::io::stderr().is_terminal();
            Form::Human(if coloured { Paint::Coloured } else { Paint::Plain }, zone)
        }
    }
}

fn tell_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let text = panic.payload_as_str().unwrap_or("a panic without a text");
    tracing::error!(event = "panic", location, thread, "{text}");
}
