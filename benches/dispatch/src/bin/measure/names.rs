//! The names of cases in tables and plots.

/// The names of single cases.
const NAMES: [(&str, &str); 15] = [
    ("a-inlined", "inlined, as a generic"),
    ("b-bare", "through `dyn`, without the guard"),
    ("c-guarded", "through `dyn`, guarded: a hook that answers at once"),
    ("e-at-once-of-large", "a hook that answers at once, or waits with 4 KiB"),
    ("e-at-once-with-runtime", "a hook that answers at once, with a runtime"),
    ("d-small-bare", "small future, boxed, without the guard"),
    ("d-small-guarded", "small future, boxed, guarded"),
    ("d-small-with-runtime", "small future, boxed, guarded, with a runtime"),
    ("d-large-bare", "future of 4 KiB, boxed, without the guard"),
    ("d-large-guarded", "future of 4 KiB, boxed, guarded"),
    ("f-command-waits-once", "a whole command with one hook that waits"),
    ("h-login-by-sql", "a login by SQL"),
    ("k-memory-with-sql", "memory, with SQL"),
    ("k-size-of-gantryd-with-all", "size of gantryd, all modules linked in"),
    ("k-size-of-gantryd-with-sql", "size of gantryd, SQL linked in"),
];

/// Cases that exist for several numbers of modules: the prefix, and the text with the number.
const KINDS: [(&str, &str); 9] = [
    ("f-command-with-", "{}"),
    ("g-noop-with-", "NOOP, {}"),
    ("j-load-of-", "load, {}"),
    ("j-reload-with-", "reload, {}"),
    ("j-start-up-with-", "start-up, {}"),
    ("j-swap-by-command-of-1-among-", "`gantry swap` of one among {}"),
    ("j-swap-of-", "SIGHUP with new files, {}"),
    ("k-memory-with-", "memory, {}"),
    ("k-size-of-gantryd-with-", "size of gantryd, {} linked in"),
];

/// In a table.
pub fn name(case: &str) -> String {
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == case) {
        return (*name).to_owned();
    }
    let kinds = KINDS.iter().filter_map(|(begin, text)| Some(text.replace("{}", &modules(case.strip_prefix(begin)?))));
    let object = || case.strip_prefix("k-size-of-").map(|module| format!("size of {module}.so"));
    kinds.into_iter().next().or_else(object).unwrap_or_else(|| case.to_owned())
}

/// In a plot.
pub fn plain(case: &str) -> String {
    name(case).replace('`', "")
}

/// `30-all`: how many, and what they hook.
fn modules(text: &str) -> String {
    let (count, which) = text.split_once('-').unwrap_or((text, ""));
    let which = match which {
        "all" => ", all hook it",
        "none" => ", none hooks it",
        "tried-first" => ", each tried first",
        other => other,
    };
    format!("{count} module{}{which}", if count == "1" { "" } else { "s" })
}
