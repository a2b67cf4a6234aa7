//! TLSOptions.

use gantry_api::{ParseError, Value};
use serde::Deserialize;

/// Declares the options, each with its name and the field that it sets, and the names without
/// effect.
macro_rules! options {
    ($($name:literal sets $field:ident,)+ idle: $($idle:literal),+) => {
        /// The options of a server.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
        #[serde(default)]
        pub(crate) struct Options {
            $(pub(crate) $field: bool,)+
            /// Whether a name without effect appeared.
            pub(crate) idle: bool,
        }

        /// The names, and the fields that they set.
        const NAMES: &[(&str, &str)] = &[$(($name, stringify!($field)),)+ $(($idle, "idle")),+];

        impl Options {
            /// Combines the lines of the innermost scope.
            pub(crate) fn of(sections: &[Vec<Options>]) -> Options {
                let lines = sections.last().map_or(&[][..], Vec::as_slice);
                Options {
                    $($field: lines.iter().any(|line| line.$field),)+
                    idle: lines.iter().any(|line| line.idle),
                }
            }
        }
    };
}

options! {
    "AllowDotLogin" sets dot_login,
    "AllowPerUser" sets per_user,
    "CloseNotifyRequired" sets close_notify_required,
    "CommonNameRequired" sets common_name_required,
    "dNSNameRequired" sets dns_name_required,
    "EnableDiags" sets diagnostics,
    "ExportCertData" sets export_certificates,
    "IgnoreSNI" sets ignore_sni,
    "iPAddressRequired" sets ip_address_required,
    "NoSessionReuseRequired" sets no_reuse_required,
    "StdEnvVars" sets variables,
    "UseImplicitSSL" sets implicit,
    idle: "AllowClientRenegotiation", "AllowClientRenegotiations", "AllowWeakDH", "AllowWeakSecurity", "NoAutoECDH",
    "NoCertRequest", "NoEmptyFragments"
}

/// Reads one line.
pub(crate) fn parse(words: &[&str]) -> Result<Value, ParseError> {
    if words.is_empty() {
        return Err("missing parameters".into());
    }
    let mut set: Vec<(String, Value)> = Vec::new();
    for word in words {
        let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        let (_, field) = known.ok_or_else(|| format!("unknown TLSOption '{word}'"))?;
        if !set.iter().any(|(name, _)| name == field) {
            set.push(((*field).to_owned(), Value::Bool(true)));
        }
    }
    Ok(Value::Map(set))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Options {
        parse(words).unwrap().extract().unwrap()
    }

    #[test]
    fn the_lines_of_the_innermost_scope_count_together() {
        let outer = vec![read(&["UseImplicitSSL"])];
        let inner = vec![read(&["NoCertRequest", "EnableDiags"]), read(&["nosessionreuserequired"])];
        let options = Options::of(&[outer, inner]);
        assert!(options.no_reuse_required && options.diagnostics && options.idle && !options.implicit);
        assert_eq!(Options::of(&[]), Options::default());
        assert!(parse(&["NoSuchThing"]).unwrap_err().to_string().contains("NoSuchThing"));
    }
}
