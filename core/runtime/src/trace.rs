//! Sends this image's trace events to the daemon's log. tracing has one dispatcher per
//! image, and the daemon's does not work here, so a subscriber of this image passes the
//! events on as plain fields.

use std::fmt;

use gantry_api::log::{self, Level, Record};
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record as SpanRecord};
use tracing_core::subscriber::Interest;
use tracing_core::{Dispatch, Event, Metadata, Subscriber, dispatcher};

/// Sends this image's events to the daemon's log, under the name of `module`. Only the
/// first call in an image has an effect.
pub(crate) fn forward(module: &'static str) {
    // An error means that there is already a dispatcher: ours, or one that the image set.
    let _ = dispatcher::set_global_default(Dispatch::new(Forward { module }));
}

/// The subscriber. It only passes events on; spans are never enabled.
struct Forward {
    module: &'static str,
}

impl Subscriber for Forward {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Ask each time, because the daemon's level may change, and this image's cache
        // would not notice.
        if metadata.is_event() { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && log::enabled(level(*metadata.level()))
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut gathered = FieldText::default();
        event.record(&mut gathered);
        let mut fields = vec![("module", self.module)];
        fields.extend(gathered.fields.iter().map(|(name, value)| (*name, value.as_str())));
        let message = &gathered.message;
        log::record(&Record { level: level(*metadata.level()), target: metadata.target(), message, fields: &fields });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn level(level: tracing_core::Level) -> Level {
    match level {
        tracing_core::Level::ERROR => Level::Error,
        tracing_core::Level::WARN => Level::Warn,
        tracing_core::Level::INFO => Level::Info,
        tracing_core::Level::DEBUG => Level::Debug,
        _ => Level::Trace,
    }
}

/// An event's fields as text.
#[derive(Default)]
struct FieldText {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl FieldText {
    fn put(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else {
            self.fields.push((field.name(), value));
        }
    }
}

impl Visit for FieldText {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
