//! Finds the modules that a set of features builds as shared objects; groups such as
//! `shared-sql` are resolved with the manifest's table.

use std::collections::{BTreeMap, BTreeSet};

/// A package's features: each name, and what it enables.
pub type Table = BTreeMap<String, Vec<String>>;

/// The selected features, with cargo's option names.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Choice {
    /// Features to enable, such as shared-sql, separated by commas or spaces
    #[arg(long, short = 'F', value_name = "FEATURES")]
    pub features: Vec<String>,
    /// Enable all features
    #[arg(long)]
    pub all_features: bool,
    /// Disable the default features (dso, ctrls, static-mod_ctrls_admin)
    #[arg(long)]
    pub no_default_features: bool,
}

impl Choice {
    /// The options for cargo.
    pub fn options(&self) -> Vec<String> {
        let mut options: Vec<_> =
            self.features.iter().flat_map(|features| ["--features".to_owned(), features.clone()]).collect();
        options.extend(self.all_features.then(|| "--all-features".to_owned()));
        options.extend(self.no_default_features.then(|| "--no-default-features".to_owned()));
        options
    }

    /// The modules to build as shared objects.
    pub fn shared_modules(&self, table: &Table) -> BTreeSet<String> {
        let enabled = self.enabled(table);
        let module = |feature: &String| {
            feature.strip_prefix("shared-").filter(|name| name.starts_with("mod_")).map(str::to_owned)
        };
        enabled.iter().filter_map(module).collect()
    }

    /// All enabled features, with groups resolved.
    pub fn enabled(&self, table: &Table) -> BTreeSet<String> {
        let mut asked: Vec<&str> = self.features.iter().flat_map(|features| features.split([',', ' '])).collect();
        if self.all_features {
            asked.extend(table.keys().map(String::as_str));
        }
        if !self.no_default_features {
            asked.push("default");
        }
        let mut enabled = BTreeSet::new();
        while let Some(feature) = asked.pop() {
            let Some(enables) = table.get(feature) else { continue };
            if enabled.insert(feature.to_owned()) {
                asked.extend(enables.iter().map(String::as_str));
            }
        }
        enabled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(features: &[&str], all_features: bool, no_default_features: bool) -> Vec<String> {
        let table = [
            ("default", &["dso", "shared-mod_ban"][..]),
            ("dso", &["gantry-server/dso", "dep:gantry-loader"]),
            ("shared-all", &["shared-sql", "shared-mod_ban"]),
            ("shared-sql", &["shared-mod_sql", "shared-mod_sql_sqlite"]),
            ("shared-mod_sql", &["dep:mod_sql"]),
            ("shared-mod_sql_sqlite", &["dep:mod_sql_sqlite"]),
            ("shared-mod_ban", &["dep:mod_ban"]),
            ("static-mod_sql", &["dep:mod_sql"]),
        ];
        let owned = |(name, enables): (&str, &[&str])| {
            (name.to_owned(), enables.iter().map(|name| (*name).to_owned()).collect())
        };
        let features = features.iter().map(|name| (*name).to_owned()).collect();
        let choice = Choice { features, all_features, no_default_features };
        choice.shared_modules(&table.into_iter().map(owned).collect()).into_iter().collect()
    }

    #[test]
    fn groups_are_followed() {
        assert_eq!(shared(&["shared-all"], false, true), ["mod_ban", "mod_sql", "mod_sql_sqlite"]);
        assert_eq!(shared(&["dso,shared-sql"], false, true), ["mod_sql", "mod_sql_sqlite"]);
        assert_eq!(shared(&["dso", "static-mod_sql shared-mod_sql"], false, true), ["mod_sql"]);
        assert_eq!(shared(&["static-mod_sql"], false, false), ["mod_ban"]);
        assert_eq!(shared(&[], true, true), ["mod_ban", "mod_sql", "mod_sql_sqlite"]);
        assert!(shared(&["static-mod_sql", "gantry-server/dso"], false, true).is_empty());
    }
}
