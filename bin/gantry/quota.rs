//! `gantry quota`, also under the name `ftpquota`: creates, changes and shows quota tables in ProFTPD's files
//! (doc/utils/ftpquota.html in its manual).

mod numbers;
mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, ValueEnum};
use gantry_api::quota::{QuotaStrictness, QuotaSubject, QuotaType};
use gantry_quota_table::{LimitRecord, Record, Table, TableError, TableType, TallyRecord};
use gantry_sys::file_lock::FileLock;

use self::numbers::Numbers;

/// How long a table that another process has locked is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command under its own name.
#[derive(Debug, Parser)]
#[command(name = "ftpquota", infer_long_args = true, disable_version_flag = true, after_help = NOTES)]
struct Ftpquota {
    #[command(flatten)]
    quota: Quota,
}

/// The options.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("action").required(true), after_help = NOTES)]
pub struct Quota {
    /// Add a record; an unset limit means none, an unset tally zero
    #[arg(long, group = "action")]
    add_record: bool,
    /// Make an empty table
    #[arg(long, group = "action")]
    create_table: bool,
    /// Remove a record
    #[arg(long, group = "action")]
    delete_record: bool,
    /// Print all records
    #[arg(long, group = "action")]
    show_records: bool,
    /// Change a record; what is not set becomes as in a new one
    #[arg(long, group = "action")]
    update_record: bool,

    /// The table's type
    #[arg(long = "type", value_name = "TYPE")]
    table: TypeWord,
    /// The table [default: ./ftpquota.limittab or ./ftpquota.tallytab]
    #[arg(long, value_name = "FILE")]
    table_path: Option<PathBuf>,

    #[command(flatten)]
    numbers: Numbers,
    /// How strictly a limit is kept
    #[arg(short = 'L', long, value_name = "TYPE", default_value = "hard")]
    limit_type: StrictnessWord,
    /// The name of the user, group or class
    #[arg(short = 'N', long, value_name = "NAME")]
    name: Option<String>,
    /// Count each session for itself
    #[arg(short = 'P', long)]
    per_session: bool,
    /// Whom the record concerns
    #[arg(short = 'Q', long, value_name = "TYPE")]
    quota_type: Option<KindWord>,
    /// Tell what is done
    #[arg(short = 'v', long)]
    verbose: bool,
}

const NOTES: &str = "\
Examples:
  gantry quota --create-table --type=limit --table-path=limit.tab
  gantry quota --add-record --type=limit --table-path=limit.tab --quota-type=user --name=bob \\
      --bytes-upload=500 --units=Mb
  gantry quota --show-records --type=tally --table-path=tally.tab

Numbers of zero or less mean no limit. Under the name ftpquota, gantry takes the same options.
Exit codes: 0 success, 1 failed and nothing was changed, 2 wrong command line.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TypeWord {
    Limit,
    Tally,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StrictnessWord {
    Hard,
    Soft,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindWord {
    User,
    Group,
    Class,
    All,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// The file cannot be used.
    #[error("{}: {error}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        error: TableError,
    },
    /// The table exists.
    #[error("cannot create existing table")]
    Exists,
    /// There is such a record.
    #[error("unable to add record: matching record already exists")]
    Again,
    /// There is none.
    #[error("unable to {0} record: no match found")]
    NoMatch(&'static str),
    /// A record's action without a type.
    #[error("--{0} requires --quota-type option")]
    NoKind(&'static str),
    /// A record's action without a name.
    #[error("quota type \"{0}\" requires --name option")]
    NoName(&'static str),
}

/// Runs the command under the name ftpquota.
pub fn run() -> ExitCode {
    // ftpquota takes long options with one dash as well.
    let arguments = std::env::args().enumerate().map(|(at, word)| match word.strip_prefix('-') {
        Some(name) if at > 0 && name.starts_with(|first: char| first.is_alphabetic()) && has_long(name) => {
            format!("--{name}")
        }
        _ => word,
    });
    match Ftpquota::parse_from(arguments).quota.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ftpquota: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether a word is no short option with its value, but a long one.
fn has_long(name: &str) -> bool {
    let name = name.split('=').next().unwrap_or_default();
    name.len() > 1 && !name.starts_with(['L', 'N', 'P', 'Q'])
}

impl Quota {
    /// Does what the options say.
    pub fn run(&self) -> Result<(), QuotaError> {
        match self.table {
            TypeWord::Limit => self.act::<LimitRecord>(),
            TypeWord::Tally => self.act::<TallyRecord>(),
        }
    }

    fn act<R: OwnRecord>(&self) -> Result<(), QuotaError> {
        let default = match R::TABLE {
            TableType::Limit => "./ftpquota.limittab",
            TableType::Tally => "./ftpquota.tallytab",
        };
        let path = self.table_path.as_deref().unwrap_or(Path::new(default));
        let fault = |error| QuotaError::Table { path: path.to_owned(), error };
        if self.create_table {
            if path.symlink_metadata().is_ok() {
                return Err(QuotaError::Exists);
            }
            self.tell("creating new table");
            return Table::create(path, R::TABLE).map_err(fault);
        }
        if self.show_records {
            let table = Table::open(path, R::TABLE, false).map_err(fault)?;
            let records = table.locked(FileLock::Shared, PATIENCE, |table| table.records::<R>()).map_err(fault)?;
            if records.is_empty() {
                self.tell("(empty table)");
            }
            records.iter().for_each(|(_, record)| print!("{}", record.shown(self.numbers.units)));
            return Ok(());
        }
        let subject = self.subject()?;
        let new = R::new(self, subject.clone());
        let table = Table::open(path, R::TABLE, true).map_err(fault)?;
        let done = table.locked(FileLock::Exclusive, PATIENCE, |table| {
            let found = table.find::<R>(&subject, None)?.map(|(number, _)| number);
            Ok(match found {
                Some(_) if self.add_record => Err(QuotaError::Again),
                None if self.add_record => Ok(table.append(&new).map(drop)?),
                None => Err(QuotaError::NoMatch(if self.delete_record { "delete" } else { "update" })),
                Some(number) if self.delete_record => Ok(table.remove::<R>(number)?),
                Some(number) => Ok(table.write(number, &new)?),
            })
        });
        done.map_err(fault)?
    }

    fn subject(&self) -> Result<QuotaSubject, QuotaError> {
        let action = match () {
            () if self.add_record => "add-record",
            () if self.delete_record => "delete-record",
            () => "update-record",
        };
        let kind = match self.quota_type.ok_or(QuotaError::NoKind(action))? {
            KindWord::User => QuotaType::User,
            KindWord::Group => QuotaType::Group,
            KindWord::Class => QuotaType::Class,
            KindWord::All => QuotaType::All,
        };
        let name = match kind {
            QuotaType::All => self.name.clone().unwrap_or_default(),
            _ => self.name.clone().ok_or(QuotaError::NoName(kind.word()))?,
        };
        Ok(QuotaSubject { kind, name })
    }

    fn tell(&self, what: &str) {
        if self.verbose {
            eprintln!("ftpquota: {what}");
        }
    }
}

/// A record as the options make it and as it is shown.
trait OwnRecord: Record {
    fn new(quota: &Quota, subject: QuotaSubject) -> Self;
    fn shown(&self, units: numbers::Units) -> String;
}

impl OwnRecord for LimitRecord {
    fn new(quota: &Quota, subject: QuotaSubject) -> Self {
        let strictness = match quota.limit_type {
            StrictnessWord::Hard => QuotaStrictness::Hard,
            StrictnessWord::Soft => QuotaStrictness::Soft,
        };
        Self { subject, per_session: quota.per_session, strictness, most: quota.numbers.amounts(-1.0) }
    }

    fn shown(&self, units: numbers::Units) -> String {
        show::limit(self, units)
    }
}

impl OwnRecord for TallyRecord {
    fn new(quota: &Quota, subject: QuotaSubject) -> Self {
        Self { subject, used: quota.numbers.amounts(0.0) }
    }

    fn shown(&self, units: numbers::Units) -> String {
        show::tally(self, units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_options_have_one_dash_or_two() {
        assert!(has_long("type=limit") && has_long("Bu=5") && has_long("add-record"));
        assert!(!has_long("L") && !has_long("Nbob") && !has_long("v"));
    }
}
