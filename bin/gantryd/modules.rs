//! The modules that are linked in. This is the daemon's only file that names modules.
//! A crate that nothing names is not linked, so each module needs its line here.

extern crate mod_auth as _;
extern crate mod_auth_file as _;
extern crate mod_auth_unix as _;
extern crate mod_cap as _;
extern crate mod_core as _;
extern crate mod_delay as _;
extern crate mod_facts as _;
extern crate mod_ident as _;
extern crate mod_ifsession as _;
extern crate mod_ifversion as _;
extern crate mod_log as _;
extern crate mod_ls as _;
extern crate mod_rlimit as _;
extern crate mod_xfer as _;

#[cfg(feature = "static-mod_auth_pam")]
extern crate mod_auth_pam as _;
#[cfg(feature = "static-mod_auth_tokens")]
extern crate mod_auth_tokens as _;
#[cfg(feature = "static-mod_cksum")]
extern crate mod_cksum as _;
#[cfg(feature = "ctrls")]
extern crate mod_ctrls as _;
#[cfg(feature = "static-mod_ctrls_admin")]
extern crate mod_ctrls_admin as _;
#[cfg(feature = "dso")]
extern crate mod_dso as _;
#[cfg(feature = "static-mod_greet")]
extern crate mod_greet as _;
#[cfg(feature = "static-mod_ldap")]
extern crate mod_ldap as _;
#[cfg(feature = "static-mod_memory_store")]
extern crate mod_memory_store as _;
#[cfg(feature = "static-mod_motto")]
extern crate mod_motto as _;
#[cfg(feature = "static-mod_quotatab")]
extern crate mod_quotatab as _;
#[cfg(feature = "static-mod_quotatab_file")]
extern crate mod_quotatab_file as _;
#[cfg(feature = "static-mod_quotatab_ldap")]
extern crate mod_quotatab_ldap as _;
#[cfg(feature = "static-mod_quotatab_sql")]
extern crate mod_quotatab_sql as _;
#[cfg(feature = "static-mod_ratio")]
extern crate mod_ratio as _;
#[cfg(feature = "static-mod_scramble")]
extern crate mod_scramble as _;
#[cfg(feature = "static-mod_sql")]
extern crate mod_sql as _;
#[cfg(feature = "static-mod_sql_mysql")]
extern crate mod_sql_mysql as _;
#[cfg(feature = "static-mod_sql_passwd")]
extern crate mod_sql_passwd as _;
#[cfg(feature = "static-mod_sql_postgres")]
extern crate mod_sql_postgres as _;
#[cfg(feature = "static-mod_sql_sqlite")]
extern crate mod_sql_sqlite as _;
#[cfg(feature = "static-mod_tls")]
extern crate mod_tls as _;
#[cfg(feature = "static-mod_unique_id")]
extern crate mod_unique_id as _;
#[cfg(feature = "static-mod_webhook")]
extern crate mod_webhook as _;

/// Optional modules that ProFTPD, as distributions build it, has without a LoadModule.
pub const ALWAYS_IN_PROFTPD: [&str; 1] = ["mod_auth_pam"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gantry_api::{Defaults, Image, Login, ScopeValues, Value};
    use gantry_server::LOGGER;

    /// The classes are those in which ProFTPD 1.3.8 logs these commands; the groups come from its
    /// page on `<Limit>`, but for RNFR, which it has in WRITE itself.
    const COMMANDS: &str = "
        ABOR        MISC
        ACCT        AUTH
        ALLO        MISC
        APPE        WRITE           WRITE
        CDUP        DIRS            DIRS
        CWD         DIRS            DIRS
        DELE        WRITE           WRITE
        EPRT        MISC
        EPSV        MISC
        FEAT        INFO
        HELP        INFO
        HOST        AUTH
        LIST        DIRS            DIRS
        MDTM        DIRS INFO       DIRS
        MFMT        WRITE           WRITE
        MKD         WRITE DIRS      WRITE
        MLSD        DIRS            DIRS
        MLST        DIRS            DIRS
        MODE        MISC
        NLST        DIRS            DIRS
        NOOP        MISC
        OPTS        MISC
        PASS        AUTH
        PASV        MISC
        PORT        MISC
        PWD         DIRS INFO       DIRS
        QUIT        INFO
        REIN        AUTH
        REST        MISC
        RETR        READ            READ
        RMD         WRITE DIRS      WRITE
        RNFR        WRITE MISC      WRITE
        RNTO        WRITE MISC      WRITE
        SITE        MISC
        SITE_CHMOD  MISC            WRITE SITE
        SITE_HELP   MISC            SITE
        SIZE        INFO            READ
        SMNT        MISC
        STAT        INFO            READ DIRS
        STOR        WRITE           WRITE
        STOU        WRITE           WRITE
        STRU        MISC
        SYST        INFO
        TYPE        MISC
        USER        AUTH
        XCUP        DIRS            DIRS
        XCWD        DIRS            DIRS
        XMKD        WRITE DIRS      WRITE
        XPWD        DIRS INFO       DIRS
        XRMD        WRITE DIRS      WRITE
    ";

    #[test]
    fn commands_are_in_proftpds_classes_and_groups() {
        let image = Image::this(&LOGGER);
        let words = |text: String| text.replace(", ", " ");
        let found: BTreeMap<String, [String; 2]> = image
            .commands
            .iter()
            .map(|command| (command.verb.name(), [command.classes.to_string(), command.groups.to_string()].map(words)))
            .collect();
        for line in COMMANDS.trim().lines() {
            let mut columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
            let name = columns.next().unwrap();
            let wanted = [columns.next(), columns.next()].map(|column| column.unwrap_or_default().to_owned());
            assert_eq!(found.get(name), Some(&wanted), "{name}");
        }
    }

    #[test]
    fn settings_read_directives_that_there_are_and_can_all_do_without() {
        let image = Image::this(&LOGGER);
        let defaults = Defaults::read(image.directives.iter().copied()).unwrap();
        for module in image.modules {
            for name in (module.reads)() {
                let known = image.directives.iter().any(|directive| directive.name == name);
                assert!(known, "{} reads '{name}', which no module declares", module.name);
            }
            let nothing = Value::Map(Vec::new());
            let made = (module.settings)(&ScopeValues::new(&nothing, &defaults));
            assert!(made.is_ok(), "{}: {}", module.name, made.err().unwrap());
        }
    }

    #[test]
    fn a_command_is_declared_by_one_module_with_something_that_handles_it() {
        let image = Image::this(&LOGGER);
        for command in &image.commands {
            let again = image.commands.iter().filter(|other| other.verb == command.verb).count();
            assert_eq!(again, 1, "{}", command.verb);
            assert!(command.handler.at_once.is_some() || command.handler.wait.is_some(), "{}", command.verb);
            assert!(!command.help.trim().is_empty(), "{}", command.verb);
        }
        let any_time = image.commands.iter().filter(|command| command.login == Login::NotNeeded);
        let mut any_time: Vec<String> = any_time.map(|command| command.verb.name()).collect();
        any_time.sort();
        let wanted = "ACCT CLNT FEAT HELP HOST NOOP OPTS PASS QUIT REIN SITE_HELP SYST TYPE USER";
        assert_eq!(any_time.join(" "), wanted);
    }
}
