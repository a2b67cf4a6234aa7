//! TLSOptions.

use gantry_api::{ParseError, Value};
use serde::Deserialize;

/// The options of a server that have an effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    pub(crate) dot_login: bool,
    pub(crate) per_user: bool,
    pub(crate) close_notify_required: bool,
    pub(crate) common_name_required: bool,
    pub(crate) dns_name_required: bool,
    pub(crate) diagnostics: bool,
    pub(crate) export_certificates: bool,
    pub(crate) ip_address_required: bool,
    pub(crate) ignore_sni: bool,
    pub(crate) no_reuse_required: bool,
    pub(crate) variables: bool,
    pub(crate) implicit: bool,
    /// Whether a name was there that has no effect.
    pub(crate) idle: bool,
}

/// Names, and what they set.
const NAMES: [(&str, &str); 19] = [
    ("AllowClientRenegotiations", "idle"),
    ("AllowDotLogin", "dot_login"),
    ("AllowPerUser", "per_user"),
    ("AllowWeakDH", "idle"),
    ("AllowWeakSecurity", "idle"),
    ("CloseNotifyRequired", "close_notify_required"),
    ("CommonNameRequired", "common_name_required"),
    ("dNSNameRequired", "dns_name_required"),
    ("EnableDiags", "diagnostics"),
    ("ExportCertData", "export_certificates"),
    ("IgnoreSNI", "ignore_sni"),
    ("iPAddressRequired", "ip_address_required"),
    ("NoAutoECDH", "idle"),
    ("NoCertRequest", "idle"),
    ("NoEmptyFragments", "idle"),
    ("NoSessionReuseRequired", "no_reuse_required"),
    ("StdEnvVars", "variables"),
    ("UseImplicitSSL", "implicit"),
    ("AllowClientRenegotiation", "idle"),
];

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

impl Options {
    /// What the lines of the innermost scope say together.
    pub(crate) fn of(sections: &[Vec<Options>]) -> Options {
        let lines = sections.last().map_or(&[][..], Vec::as_slice);
        lines.iter().fold(Options::default(), |all, line| Options {
            dot_login: all.dot_login || line.dot_login,
            per_user: all.per_user || line.per_user,
            close_notify_required: all.close_notify_required || line.close_notify_required,
            common_name_required: all.common_name_required || line.common_name_required,
            dns_name_required: all.dns_name_required || line.dns_name_required,
            diagnostics: all.diagnostics || line.diagnostics,
            export_certificates: all.export_certificates || line.export_certificates,
            ip_address_required: all.ip_address_required || line.ip_address_required,
            ignore_sni: all.ignore_sni || line.ignore_sni,
            no_reuse_required: all.no_reuse_required || line.no_reuse_required,
            variables: all.variables || line.variables,
            implicit: all.implicit || line.implicit,
            idle: all.idle || line.idle,
        })
    }
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
