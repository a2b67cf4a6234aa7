//! A scope: the settings in one place of the configuration, as the server and each module
//! understand them.

use gantry_api::moment::SettingsBox;
use gantry_api::{Defaults, Descriptor, FromScope, ScopeValues, ServerId};
use gantry_config::{Faults, settings_error};

use crate::filters::LimitFilters;
use crate::gate::Rules;
use crate::settings::Settings;

/// A scope of the configuration: a server, or a `<Directory>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeId(pub usize);

/// The settings in one scope.
pub struct Scope {
    /// The server that it belongs to.
    pub server: ServerId,
    /// The server's own settings.
    pub settings: Settings,
    /// The rules for the gate.
    pub rules: Rules,
    /// The filters in its limits.
    pub limit_filters: LimitFilters,
    /// Each module's settings, by the module's position.
    pub modules: Vec<SettingsBox>,
}

impl Scope {
    /// Converts a scope of the configuration to the settings of the server and of each module.
    ///
    /// # Errors
    /// The first setting that is invalid.
    pub fn new<'m>(
        server: ServerId,
        scope: &gantry_config::Scope,
        defaults: &Defaults,
        modules: impl Iterator<Item = &'m Descriptor>,
    ) -> Result<Self, Faults> {
        let values = ScopeValues::new(&scope.settings, defaults);
        let settings = Settings::from_scope(&values).map_err(|error| settings_error(scope, &error))?;
        let modules = modules.map(|module| (module.settings)(&values));
        let modules = modules.collect::<Result<_, _>>().map_err(|error| settings_error(scope, &error))?;
        let limit_filters = LimitFilters::of(scope.limits.iter().rev());
        Ok(Self { server, settings, rules: Rules::new(&scope.limits), limit_filters, modules })
    }
}
