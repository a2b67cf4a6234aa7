//! The access gate: whether a command may do its work in this place (`<Limit>`, `<Directory>`,
//! AllowAll, DenyAll). Every access to a file passes it: the session's file system asks before each
//! operation, whoever calls it.

use std::net::IpAddr;
use std::sync::Arc;

use gantry_api::{Account, Error, ErrorKind, LimitGroups, Result, Value, Verb};
use gantry_config::{Class, Limit, Limits, Rule, Verdict, Who, class_of};

/// An operation on a file, whatever the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Reading its metadata.
    Stat,
    /// Reading a file.
    Read,
    /// Writing a file.
    Write,
    /// Listing a directory.
    List,
    /// Changing the working directory to it.
    Enter,
    /// Creating a directory.
    MakeDirectory,
    /// Removing a directory.
    RemoveDirectory,
    /// Removing a file.
    Remove,
    /// Taking its name away.
    RenameFrom,
    /// Giving it a new name.
    RenameTo,
    /// Changing times or permissions.
    Change,
}

impl Operation {
    /// Whether it changes a file, a folder or a name.
    pub fn changes(self) -> bool {
        !matches!(self, Self::Stat | Self::Read | Self::List | Self::Enter)
    }

    /// The command for this operation, and its group of `<Limit>`. Another command that does it
    /// needs permission for that one as well.
    fn command(self) -> Option<(Verb, LimitGroups)> {
        Some(match self {
            Self::Stat => return None,
            Self::Read => (Verb::RETR, LimitGroups::READ),
            Self::Write | Self::Change => (Verb::STOR, LimitGroups::WRITE),
            Self::List => (Verb::LIST, LimitGroups::DIRS),
            Self::Enter => (Verb::CWD, LimitGroups::DIRS),
            Self::MakeDirectory => (Verb::MKD, LimitGroups::WRITE),
            Self::RemoveDirectory => (Verb::RMD, LimitGroups::WRITE),
            Self::Remove => (Verb::DELE, LimitGroups::WRITE),
            Self::RenameFrom => (Verb::RNFR, LimitGroups::WRITE),
            Self::RenameTo => (Verb::RNTO, LimitGroups::WRITE),
        })
    }
}

/// The facts about a command that `<Limit>` uses besides its name, from its declaration.
#[derive(Debug, Clone, Default)]
pub struct LimitFacts {
    /// Its groups.
    pub groups: LimitGroups,
    /// The other commands whose work it does.
    pub does: Box<[Verb]>,
    /// Whether no limit applies, as in ProFTPD for the commands of a login: `<Limit LOGIN>` decides
    /// about those.
    pub free: bool,
}

/// A client, as far as it is known before its login.
#[derive(Debug, Clone)]
pub struct Client {
    address: IpAddr,
    host: String,
    class: Option<String>,
}

impl Client {
    /// A client with its address, and its host name or else the address as text.
    pub fn new(address: IpAddr, host: &str, classes: &[Class]) -> Self {
        Self { address, host: host.to_owned(), class: class_of(classes, address, host).map(str::to_owned) }
    }

    /// Its class.
    pub fn class(&self) -> Option<&str> {
        self.class.as_deref()
    }
}

/// Who the gate checks.
#[derive(Debug, Clone)]
pub struct Person {
    client: Arc<Client>,
    user: String,
    groups: Vec<String>,
}

impl Person {
    /// A client, with its account after the login.
    pub fn new(client: Arc<Client>, account: Option<&Account>) -> Self {
        let groups = account.map(|account| account.groups.iter().map(|group| group.name.clone()).collect());
        let user = account.map(|account| account.name.clone()).unwrap_or_default();
        Self { client, user, groups: groups.unwrap_or_default() }
    }

    /// In the form that the configuration's rules use.
    pub fn who(&self) -> Who<'_> {
        Who {
            address: self.client.address,
            host: &self.client.host,
            user: &self.user,
            groups: &self.groups,
            class: self.client.class.as_deref(),
        }
    }
}

/// The limits of one scope.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    limits: Limits,
}

impl Rules {
    /// For the limits of a scope, which are sorted from the outermost in.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone() }
    }

    fn innermost_first(&self) -> impl Iterator<Item = &Limit> {
        self.limits.iter().rev()
    }

    /// Whether there is nothing to check.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Whether the limits on logins depend on the user or the user's groups, which are only known
    /// after the password.
    pub fn login_asks_for_user(&self) -> bool {
        let of_user = |rule: &Rule| matches!(rule, Rule::User(_) | Rule::Group(_));
        let mut limits = self.innermost_first().filter(|limit| names(limit, is_login));
        limits.any(|limit| limit.allow.iter().chain(&limit.deny).any(of_user))
    }

    /// Whether a command may be used. The innermost limit that names it and decides counts: first
    /// by its name, then by its groups, then by ALL.
    fn allows(&self, verb: Verb, groups: LimitGroups, who: &Who<'_>) -> bool {
        let verb = verb.name();
        let levels: [&dyn Fn(&str) -> bool; 3] =
            [&|name| name.eq_ignore_ascii_case(&verb), &|name| groups.contains_name(name), &|name| {
                is_all(name, groups)
            }];
        let Some((at, said)) = levels.iter().find_map(|level| self.innermost(who, |limit| names(limit, level))) else {
            return true;
        };
        // The DenyAll of a directory overrides what limits around it allow.
        let refused = || matches!(self.innermost(who, |limit| limit.plain && groups.in_all()), Some((plain, Verdict::Deny)) if plain <= at);
        said == Verdict::Allow && !refused()
    }

    /// Whether hidden files do not exist for a command (IgnoreHidden). The innermost limit that
    /// names it and decides counts: first by its name, then by its groups, then by ALL.
    pub fn ignores_hidden(&self, verb: Verb, groups: LimitGroups) -> bool {
        let name = verb.name();
        let levels: [&dyn Fn(&str) -> bool; 3] =
            [&|limit| limit.eq_ignore_ascii_case(&name), &|limit| groups.contains_name(limit), &|limit| {
                is_all(limit, groups)
            }];
        let said = levels.iter().find_map(|level| {
            let limits = self.innermost_first().filter(|limit| names(limit, level));
            limits.filter_map(|limit| limit.settings.entry("IgnoreHidden")).next()
        });
        said == Some(&Value::Bool(true))
    }

    /// Whether the names of a `<Limit>` cover a command: by its name, its groups, or ALL.
    pub fn name(names: &[String], verb: Verb, groups: LimitGroups) -> bool {
        let verb = verb.name();
        names.iter().any(|name| name.eq_ignore_ascii_case(&verb) || groups.contains_name(name) || is_all(name, groups))
    }

    /// The decision of the innermost limit that decides, and its depth.
    fn innermost(&self, who: &Who<'_>, wanted: impl Fn(&Limit) -> bool) -> Option<(usize, Verdict)> {
        let limits = self.innermost_first().enumerate().filter(|(_, limit)| wanted(limit));
        limits.filter_map(|(at, limit)| Some((at, limit.judge(who)?))).next()
    }

    /// Refuses an operation that the command may not do.
    pub fn check(&self, verb: Verb, facts: &LimitFacts, operation: Option<Operation>, person: &Person) -> Result<()> {
        if self.is_empty() || (facts.free && matches!(operation, None | Some(Operation::Enter))) {
            return Ok(());
        }
        let who = person.who();
        let mut allowed = self.allows(verb, facts.groups, &who);
        if let Some((other, groups)) = operation.and_then(Operation::command)
            && other != verb
            && !facts.does.contains(&other)
        {
            allowed &= self.allows(other, groups, &who);
        }
        if allowed { Ok(()) } else { Err(Error::of(ErrorKind::Denied)) }
    }

    /// Refuses a login (`<Limit LOGIN>`).
    pub fn check_login(&self, person: &Person) -> Result<()> {
        let said = self.innermost(&person.who(), |limit| names(limit, is_login));
        match said {
            Some((_, Verdict::Deny)) => Err(Error::of(ErrorKind::LoginRefused)),
            _ => Ok(()),
        }
    }
}

fn names(limit: &Limit, wanted: impl Fn(&str) -> bool) -> bool {
    limit.commands.iter().any(|name| wanted(name.as_str()))
}

/// Whether a name is ALL, and ALL covers a command of these groups.
fn is_all(name: &str, groups: LimitGroups) -> bool {
    groups.in_all() && name.eq_ignore_ascii_case("ALL")
}

fn is_login(name: &str) -> bool {
    name.eq_ignore_ascii_case("LOGIN")
}

#[cfg(test)]
mod tests {
    use gantry_config::{Order, Position};

    use super::*;

    const ALLOW: (&[Rule], &[Rule]) = (&[Rule::All], &[]);
    const DENY: (&[Rule], &[Rule]) = (&[], &[Rule::All]);
    const SILENT: (&[Rule], &[Rule]) = (&[], &[]);

    fn limit(names: &[&str], (allow, deny): (&[Rule], &[Rule])) -> Limit {
        Limit {
            commands: names.iter().map(|name| (*name).to_owned()).collect(),
            plain: false,
            order: Order::AllowDeny,
            allow: allow.to_vec(),
            deny: deny.to_vec(),
            settings: Value::None,
            position: Position::in_file(std::path::Path::new("/t"), 1, 1),
            host_names: Vec::new(),
        }
    }

    fn plain(said: (&[Rule], &[Rule])) -> Limit {
        Limit { plain: true, ..limit(&["ALL"], said) }
    }

    fn allows(limits: &[Limit], verb: Verb) -> bool {
        let groups = match verb {
            Verb::RETR => LimitGroups::READ,
            Verb::STOR => LimitGroups::WRITE,
            _ => LimitGroups::DIRS,
        };
        Rules::new(&limits.iter().cloned().collect()).allows(verb, groups, &nobody().who())
    }

    fn allows_login(limits: &[Limit]) -> bool {
        Rules::new(&limits.iter().cloned().collect()).check_login(&nobody()).is_ok()
    }

    fn nobody() -> Person {
        Person::new(Arc::new(Client::new([127, 0, 0, 1].into(), "127.0.0.1", &[])), None)
    }

    #[test]
    fn the_command_counts_before_its_group_and_the_group_before_all() {
        let limits = [limit(&["ALL"], DENY), limit(&["DIRS"], ALLOW), limit(&["NLST"], DENY)];
        assert!(allows(&limits, Verb::LIST));
        assert!(!allows(&limits, Verb::NLST));
        assert!(!allows(&limits, Verb::RETR));
        assert!(allows_login(&limits));
    }

    #[test]
    fn all_leaves_out_what_only_its_own_name_limits() {
        let allows = |limits: &[Limit]| {
            let rules = Rules::new(&limits.iter().cloned().collect());
            rules.allows(Verb::TYPE, LimitGroups::NAMED, &nobody().who())
        };
        assert!(allows(&[limit(&["ALL"], DENY), plain(DENY)]));
        assert!(!allows(&[limit(&["TYPE"], DENY), limit(&["ALL"], ALLOW)]));
        assert!(allows(&[limit(&["TYPE"], ALLOW), plain(DENY)]));
    }

    #[test]
    fn a_limit_that_says_nothing_leaves_it_to_the_others() {
        assert!(!allows(&[limit(&["RETR"], DENY), limit(&["RETR"], SILENT)], Verb::RETR));
        assert!(!allows(&[limit(&["READ"], DENY), limit(&["RETR"], SILENT)], Verb::RETR));
        assert!(allows(&[limit(&["RETR"], SILENT)], Verb::RETR));
    }

    #[test]
    fn the_last_of_several_limits_counts() {
        assert!(allows(&[limit(&["RETR"], DENY), limit(&["RETR"], ALLOW)], Verb::RETR));
        assert!(!allows(&[limit(&["RETR"], ALLOW), limit(&["RETR"], DENY)], Verb::RETR));
        assert!(!allows(&[limit(&["RETR"], DENY), limit(&["READ"], ALLOW)], Verb::RETR));
    }

    #[test]
    fn a_directorys_own_denyall_refuses_what_limits_around_it_allow() {
        assert!(!allows(&[limit(&["READ"], ALLOW), plain(DENY)], Verb::RETR));
        assert!(allows(&[plain(DENY), limit(&["READ"], ALLOW)], Verb::RETR));
        assert!(!allows(&[plain(DENY), limit(&["READ"], ALLOW)], Verb::STOR));
        assert!(allows(&[plain(DENY), plain(ALLOW)], Verb::STOR));
        assert!(allows_login(&[plain(DENY)]));
        assert!(!allows_login(&[limit(&["LOGIN"], DENY)]));
    }

    #[test]
    fn no_limit_but_login_keeps_a_client_from_logging_in() {
        let rules = Rules::new(&[limit(&["ALL", "PASS"], DENY), plain(DENY)].into_iter().collect());
        let facts = LimitFacts { does: [Verb::PASS, Verb::CWD].into(), free: true, ..LimitFacts::default() };
        let check = |operation| rules.check(Verb::PASS, &facts, operation, &nobody());
        assert!(check(None).is_ok() && check(Some(Operation::Enter)).is_ok());
        assert!(check(Some(Operation::Read)).is_err());
    }

    #[test]
    fn a_command_needs_leave_for_what_it_does() {
        let rules = Rules::new(&[limit(&["READ"], DENY)].into_iter().collect());
        let check = |verb, does: &[Verb], operation| {
            let facts = LimitFacts { groups: LimitGroups::WRITE, does: does.into(), free: false };
            rules.check(verb, &facts, Some(operation), &nobody())
        };
        let copy = Verb::new("SITE_COPY");
        assert!(check(copy, &[copy], Operation::Read).is_err());
        assert!(check(copy, &[copy, Verb::RETR], Operation::Read).is_ok());
        assert!(check(copy, &[copy], Operation::Write).is_ok());
        assert!(check(Verb::STOR, &[Verb::STOR], Operation::Write).is_ok());
    }
}
