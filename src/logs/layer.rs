//! From tracing's events to lines.

use std::sync::Arc;

use callboard_actors::core::Clock;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::levels::Levels;
use super::line::{self, Form};
use super::queue::Queue;
use super::record::{Fields, Record};
use super::redact::Redactor;

/// Where lines of one form go.
pub(super) struct Outlet {
    pub(super) form: Form,
    pub(super) queue: Queue,
}

/// The log as tracing knows it.
pub(crate) struct LogLayer {
    pub(super) clock: Clock,
    pub(super) levels: Arc<Levels>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) file: Option<Outlet>,
    pub(super) console: Option<Outlet>,
}

impl LogLayer {
    fn put(&self, outlet: Option<&Outlet>, level: LevelFilter, record: &Record) {
        if let Some(outlet) = outlet
            && record.level <= level
        {
            outlet.queue.put(record.at_ms, line::write(record, &outlet.form, &self.redactor));
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Asked again whenever the levels change, so this is as good as a check at each event and costs nothing there.
        if self.levels.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.levels.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.levels.most())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // From the innermost span outwards: what stands closer to the event counts.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(more) = span.extensions().get::<Fields>() {
                fields.extend(more);
            }
        }
        let record = Record { at_ms: self.clock.now_ms(), level: *event.metadata().level(), fields };
        self.put(self.file.as_ref(), self.levels.file(), &record);
        self.put(self.console.as_ref(), self.levels.console(), &record);
    }
}
