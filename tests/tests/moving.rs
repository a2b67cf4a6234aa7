//! What files from ProFTPD have that Gantry does otherwise or not at all: notices, never faults. And the modules all of whose
//! directives are known.

use std::collections::BTreeSet;
use std::fs;

use gantry_tests::layout;
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;

const MODULES: [&str; 13] = [
    "mod_auth",
    "mod_auth_file",
    "mod_auth_pam",
    "mod_auth_unix",
    "mod_cap",
    "mod_core",
    "mod_delay",
    "mod_ident",
    "mod_ifsession",
    "mod_ifversion",
    "mod_ls",
    "mod_rlimit",
    "mod_xfer",
];

/// Those that the reader itself obeys, so that no page lists them; and two headings of ProFTPD's manual that are no
/// directives.
const READERS: [&str; 5] = ["Define", "Include", "IncludeOptions", "AllowAllow", "Global"];

#[test]
fn no_directive_of_these_modules_is_unknown() {
    let read = |path: &str| fs::read_to_string(layout::workspace().join(path)).unwrap();
    let (names, page) = (read("core/config/src/proftpd.tsv"), read("docs/directives.md"));
    let known: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_lowercase).collect();
    let rows = names.lines().filter_map(|line| line.split_once('\t'));
    let wanted =
        rows.filter(|(module, name)| MODULES.contains(module) && !name.starts_with('<') && !READERS.contains(name));
    let missing: Vec<&str> =
        wanted.filter(|(_, name)| !known.contains(&name.to_lowercase())).map(|(_, name)| name).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn what_has_no_effect_is_told_with_its_line(layout: Layout) {
    let lines = [
        "WtmpLog off",
        "UseLastlog on",
        "ProcessTitles terse",
        "MultilineRFC2228 on",
        "FSOptions IgnoreExtendedAttributes",
        "FSCachePolicy size 10 maxAge 5",
        "RegexOptions MatchLimit 100",
        "SocketBindTight on",
        "Trace DEFAULT:10 lock:0",
        "TraceLog /var/log/trace",
        "TraceOptions +ConnIPs",
        "DelayTable none",
        "CapabilitiesEngine on",
        "CapabilitiesSet +CAP_CHOWN",
        "RLimitCPU session 600",
        "RLimitOpenFiles 512 1024",
        "RLimitChroot off",
        "IfSessionOptions PerUnauthenticatedUser",
        "RewriteHome on",
    ];
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.block(lines.join("\n"));
    });
    let text = trial.done.ok().text();
    for line in lines {
        let name = line.split(' ').next().unwrap();
        assert!(text.contains(&format!("{name} has no effect: ")), "{name}: {text}");
    }
}

fn of_two_lines_the_first_counts(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.remove("Umask").block("AccessGrantMsg \"first\"\nAccessGrantMsg second\nServerName one\nServerName two");
    });
    server.wait_for_log(&["AccessGrantMsg has no effect: the first one of a section counts, which is on line"]);
    server.wait_for_log(&["ServerName has no effect on line", "the last one of a section counts"]);
    let mut wire = server.connect();
    assert!(wire.greeting().text().contains("(two)"), "{}", wire.greeting().text());
    wire.expect(format!("USER {USER}"), 331);
    assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 230).text(), "230 first");
}

fn proftpds_modules_may_be_loaded_as_long_as_nobody_uses_them(layout: Layout) {
    // What Debian's modules.conf loads.
    let modules = [
        "ctrls_admin",
        "radius",
        "quotatab",
        "quotatab_file",
        "quotatab_radius",
        "wrap",
        "rewrite",
        "load",
        "ban",
        "wrap2",
        "wrap2_file",
        "dynmasq",
        "exec",
        "shaper",
        "ratio",
        "site_misc",
        "facl",
        "unique_id",
        "copy",
        "deflate",
        "ifversion",
        "memcache",
        "readme",
        "ifsession",
    ];
    let lines: String = modules.iter().map(|name| format!("LoadModule mod_{name}.c\n")).collect();
    let server = Server::with(layout, |config| {
        config.block(format!(
            "{lines}<IfModule mod_ban.c>\nBanEngine on\n</IfModule>\n<IfModule mod_ifversion.c>\n<IfVersion >= 1.3.6>\n\
             AccessGrantMsg new\n</IfVersion>\n</IfModule>\n<IfModule mod_ifsession.c>\n<IfUser regex ^bob>\nUmask 077\n\
             </IfUser>\n</IfModule>"
        ));
    });
    server.wait_for_log(&[
        "LoadModule: Gantry has no mod_ban: its directives may only be in <IfModule mod_ban.c>",
        "on line",
    ]);
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 230).text(), "230 new");
    let used = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.block("LoadModule mod_ban.c\nBanEngine on");
    });
    let text = used.done.text();
    assert!(
        text.contains("unknown configuration directive 'BanEngine'") && text.contains("ProFTPD's mod_ban"),
        "{text}"
    );
    let misspelt = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.block("LoadModule mod_bann.c");
    });
    assert!(misspelt.done.text().contains("Fatal: LoadModule: error loading module 'mod_bann.c'"));
}

fn gantrys_own_modules_are_found_where_module_path_is_proftpds(layout: Layout) {
    let server = Server::with(layout, |config| {
        let folder = config.folder().join("proftpd");
        fs::create_dir(&folder).unwrap();
        // ProFTPD has a module of this name: any library will do.
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let library =
            maps.lines().filter_map(|line| line.split_whitespace().last()).find(|path| path.contains("libgcc_s.so"));
        fs::copy(library.unwrap(), folder.join("mod_sql.so")).unwrap();
        config.set("ModulePath", folder.display().to_string());
    });
    server.login();
    if layout == Layout::Shared {
        server.wait_for_log(&["module 'mod_sql' is not in ModulePath: ", "mod_sql.so is used on line"]);
        server.wait_for_log(&["module 'mod_sql_sqlite' is not in ModulePath: "]);
    }
}

both_layouts!(
    gantrys_own_modules_are_found_where_module_path_is_proftpds,
    what_has_no_effect_is_told_with_its_line,
    of_two_lines_the_first_counts,
    proftpds_modules_may_be_loaded_as_long_as_nobody_uses_them,
);
