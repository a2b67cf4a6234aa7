//! A case to measure.

/// A case to measure.
pub struct Case {
    /// `group/layout`.
    pub name: String,
    /// Does it this many times.
    pub run: Box<dyn FnMut(u64)>,
}

impl Case {
    pub(crate) fn new(group: &str, layout: &str, run: impl FnMut(u64) + 'static) -> Self {
        Self { name: format!("{group}/{layout}"), run: Box::new(run) }
    }
}
