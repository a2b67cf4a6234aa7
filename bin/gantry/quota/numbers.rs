//! The numbers of a record, as options.

use clap::{Args, ValueEnum};
use gantry_quota_table::Amounts;

/// The six numbers and their unit.
#[derive(Debug, Args)]
pub struct Numbers {
    /// Bytes that may be uploaded
    #[arg(long, visible_alias = "Bu", value_name = "NUMBER", allow_negative_numbers = true)]
    bytes_upload: Option<i64>,
    /// Bytes that may be downloaded
    #[arg(long, visible_alias = "Bd", value_name = "NUMBER", allow_negative_numbers = true)]
    bytes_download: Option<i64>,
    /// Bytes that may be transferred
    #[arg(long, visible_alias = "Bx", value_name = "NUMBER", allow_negative_numbers = true)]
    bytes_xfer: Option<i64>,
    /// Files that may be uploaded
    #[arg(long, visible_alias = "Fu", value_name = "NUMBER", allow_negative_numbers = true)]
    files_upload: Option<i64>,
    /// Files that may be downloaded
    #[arg(long, visible_alias = "Fd", value_name = "NUMBER", allow_negative_numbers = true)]
    files_download: Option<i64>,
    /// Files that may be transferred
    #[arg(long, visible_alias = "Fx", value_name = "NUMBER", allow_negative_numbers = true)]
    files_xfer: Option<i64>,
    /// The unit of bytes, given and shown
    #[arg(long, value_name = "UNIT", default_value = "byte", ignore_case = true)]
    pub units: Units,
}

/// A unit of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Units {
    /// Bytes
    #[value(alias = "b")]
    Byte,
    /// 1024 bytes
    #[value(alias = "kb")]
    Kilo,
    /// 1024 Kb
    #[value(alias = "mb")]
    Mega,
    /// 1024 Mb
    #[value(alias = "gb")]
    Giga,
}

impl Units {
    /// How many bytes it is.
    pub fn size(self) -> f64 {
        match self {
            Self::Byte => 1.0,
            Self::Kilo => 1024.0,
            Self::Mega => 1_048_576.0,
            Self::Giga => 1_073_741_824.0,
        }
    }

    /// Its name beside numbers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Byte => "bytes",
            Self::Kilo => "Kb",
            Self::Mega => "Mb",
            Self::Giga => "Gb",
        }
    }
}

impl Numbers {
    /// As a record holds them, with a number for bytes that are not given.
    pub fn amounts(&self, otherwise: f64) -> Amounts {
        // A negative number has no unit: it means none.
        let bytes = |number: Option<i64>| match number {
            Some(number) if number > 0 => number as f64 * self.units.size(),
            Some(number) => number as f64,
            None => otherwise,
        };
        let files = |number: Option<i64>| u32::try_from(number.unwrap_or_default().max(0)).unwrap_or(u32::MAX);
        Amounts {
            bytes: [self.bytes_upload, self.bytes_download, self.bytes_xfer].map(bytes),
            files: [self.files_upload, self.files_download, self.files_xfer].map(files),
        }
    }
}
