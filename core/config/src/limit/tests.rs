//! Decisions of limits: they are the same as ProFTPD 1.3.8's for the same sections.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::testing::configure;

fn limit(body: &str) -> Limit {
    let read = configure(&format!("<Limit RETR>\n{body}\n</Limit>\n")).unwrap_or_else(|faults| panic!("{faults}"));
    read.servers[0].scope.limits.iter().next().unwrap().clone()
}

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Its decisions for alice (groups ga, gb), bob (gb) and ftp_c (none).
fn judged(body: &str) -> [Option<Verdict>; 3] {
    let limit = limit(body);
    let groups = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    [("alice", groups(&["ga", "gb"])), ("bob", groups(&["gb"])), ("ftp_c", Vec::new())].map(|(user, groups)| {
        limit.judge(&Who { address: HOME, host: "a.Example.com", user, groups: &groups, class: Some("loc") })
    })
}

const YES: Option<Verdict> = Some(Verdict::Allow);
const NO: Option<Verdict> = Some(Verdict::Deny);

#[test]
fn order_says_who_is_asked_first_and_what_holds_in_the_end() {
    assert_eq!(judged("AllowUser bob"), [None, YES, None]);
    assert_eq!(judged("AllowUser bob\nDenyAll"), [NO, YES, NO]);
    assert_eq!(judged("DenyAll\nAllowUser bob"), [NO, YES, NO]);
    assert_eq!(judged("DenyUser bob\nAllowAll"), [YES; 3]);
    assert_eq!(judged("AllowAll\nDenyAll"), [YES; 3]);
    assert_eq!(judged("Order deny,allow\nAllowAll\nDenyAll"), [NO; 3]);
    assert_eq!(judged("Order deny,allow\nAllowUser bob"), [NO, YES, NO]);
    assert_eq!(judged("Order deny, allow\nAllowUser bob\nDenyUser bob"), [NO; 3]);
    assert_eq!(judged("order Allow,Deny\nAllowUser bob\nDenyUser bob"), [None, YES, None]);
    assert_eq!(judged("Order deny,allow\nAllow from 127.\nDenyUser bob"), [YES, NO, YES]);
}

#[test]
fn names_are_or_lists_for_users_and_and_lists_for_groups() {
    assert_eq!(judged("AllowUser alice,bob\nDenyAll"), [YES, YES, NO]);
    assert_eq!(judged("DenyUser alice bob"), [NO, NO, None]);
    assert_eq!(judged("AllowUser !alice\nDenyAll"), [NO, YES, YES]);
    assert_eq!(judged("AllowUser AND !alice,!bob\nDenyAll"), [NO, NO, YES]);
    assert_eq!(judged("AllowUser regex ^ftp_\nDenyAll"), [NO, NO, YES]);
    assert_eq!(judged("AllowUser *\nDenyAll"), [NO; 3]);
    assert_eq!(judged("AllowGroup ga,gb\nDenyAll"), [YES, NO, NO]);
    assert_eq!(judged("AllowGroup OR ga,gb\nDenyAll"), [YES, YES, NO]);
    assert_eq!(judged("AllowGroup gb,!ga\nDenyAll"), [NO, YES, NO]);
    assert_eq!(judged("AllowGroup regex ^g\nDenyAll"), [YES, YES, NO]);
    assert_eq!(judged("AllowClass loc,other\nDenyAll"), [YES; 3]);
    assert_eq!(judged("AllowClass AND loc,!other\nDenyAll"), [YES; 3]);
    assert_eq!(judged("AllowClass LOC\nDenyAll"), [NO; 3]);
}

#[test]
fn hosts_are_addresses_networks_beginnings_domains_and_patterns() {
    let allowed = |from: &str| judged(&format!("Order deny,allow\nAllow {from}"))[0] == YES;
    for from in [
        "from 127.0.0.1",
        "from 127.0.0.",
        "127.*",
        "from 127.0.0.0/8",
        "from 10.0.0.1, 127.0.0.1",
        "from all",
        "from ::ffff:127.0.0.1",
        "::ffff:127.0.0.0/104",
        "from .example.com",
        "A.example.com",
        "*.example.*",
        "0.0.0.0/0",
    ] {
        assert!(allowed(from), "{from}");
    }
    for from in ["from none", "from 10.0.0.0/8", "::/0", "from b.example.com", "128.0.0.0/1", ".xample.com"] {
        assert!(!allowed(from), "{from}");
    }
}

#[test]
fn nobody_has_a_name_before_the_login() {
    let limit = limit("AllowUser !bob\nAllowGroup !ga\nDenyAll");
    assert_eq!(limit.judge(&Who { address: HOME, host: "", user: "", groups: &[], class: None }), NO);
}

#[test]
fn wrong_rules_are_refused_in_proftpds_words() {
    let fault = |line: &str| {
        crate::testing::faults(&format!("<Limit ALL>\n{line}\n</Limit>\n")).pop().unwrap_or_default().to_string()
    };
    let on = " on line 2 of '/t.conf'";
    let cases = [
        ("Order x", "Fatal: Order: 'x': invalid argument"),
        ("AllowUser", "Fatal: AllowUser: wrong number of parameters"),
        ("Allow from 127.0.0.1/33", "Fatal: Allow: bad ACL definition '127.0.0.1/33': Invalid argument"),
        ("Deny from", "Fatal: Deny: syntax: [from] [all|none]|host|network[,...]"),
        (
            "Deny 300.1.1.1",
            "Fatal: Deny: bad ACL definition '300.1.1.1': an address has four numbers up to 255; '10.0.0.' and \
             '10.0.0.0/24' are networks",
        ),
        ("Deny !10.0.0.1", "Fatal: Deny: '!10.0.0.1': use a <Class> to exclude hosts"),
        ("AllowUser regex [", "Fatal: AllowUser: '[' failed regex compilation: unclosed character class"),
    ];
    for numbers in ["127", "1.2.3", "1.2.3.4.", "256.", "1.2.3.4.5", "1..2."] {
        assert!(fault(&format!("Deny {numbers}")).contains("four numbers"), "{numbers}");
    }
    for (line, expected) in cases {
        assert_eq!(fault(line), format!("{expected}{on}"), "{line}");
    }
}
