//! The limits that apply to a scope. Scopes share them with the scopes around them, so a
//! server with thousands of limits and thousands of folders stores each limit once.

use std::sync::Arc;

use crate::limit::Limit;

/// The limits that apply to a scope, outermost first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// The limits of each scope; never empty lists.
    layers: Vec<Arc<[Limit]>>,
}

impl Limits {
    /// Adds the limits of an inner scope.
    pub(crate) fn extend(&mut self, inner: Arc<[Limit]>) {
        if !inner.is_empty() {
            self.layers.push(inner);
        }
    }

    /// All of them, outermost first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Limit> {
        self.layers.iter().flat_map(|layer| layer.iter())
    }

    /// Whether there are no limits.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }
}

/// The limits of one scope.
impl FromIterator<Limit> for Limits {
    fn from_iter<I: IntoIterator<Item = Limit>>(limits: I) -> Self {
        let mut all = Self::default();
        all.extend(limits.into_iter().collect());
        all
    }
}

#[cfg(test)]
mod tests {
    use crate::limit::Limit;
    use crate::testing::configure;

    #[test]
    fn scopes_share_what_they_inherit() {
        let limits = "<Limit READ>\nDenyAll\n</Limit>\n".repeat(3);
        let read =
            configure(&format!("{limits}<Directory /a>\n</Directory>\n<Directory /a/b>\n{limits}</Directory>\n"));
        let server = &read.as_ref().unwrap_or_else(|faults| panic!("{faults}")).servers[0];
        let outer: Vec<*const Limit> = server.scope.limits.iter().map(std::ptr::from_ref).collect();
        for (directory, number) in [(0, 3), (1, 6)] {
            let inner: Vec<_> = server.directories[directory].layers.limits().map(std::ptr::from_ref).collect();
            assert_eq!((inner.len(), &inner[..3]), (number, &outer[..]));
        }
    }
}
