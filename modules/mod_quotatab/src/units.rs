//! How numbers are shown to clients: in ProFTPD's words.

use serde::Deserialize;

/// The unit of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Units {
    Bytes,
    Kilo,
    Mega,
    Giga,
}

impl Units {
    const ALL: [Self; 4] = [Self::Bytes, Self::Kilo, Self::Mega, Self::Giga];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|units| units.word().eq_ignore_ascii_case(word))
    }

    /// As QuotaDisplayUnits writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bytes => "b",
            Self::Kilo => "Kb",
            Self::Mega => "Mb",
            Self::Giga => "Gb",
        }
    }

    /// As replies write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            units => units.word(),
        }
    }

    /// A number of bytes in this unit.
    pub(crate) fn show(self, bytes: i64) -> String {
        let shift = match self {
            Self::Bytes => 0,
            Self::Kilo => 10,
            Self::Mega => 20,
            Self::Giga => 30,
        };
        format!("{:.2}", bytes as f64 / f64::from(1_u32 << shift))
    }

    /// The same with the unit, as variables have it.
    pub(crate) fn variable(self, bytes: i64) -> String {
        match self {
            Self::Bytes => self.show(bytes),
            units => format!("{} {}", self.show(bytes), units.word().to_ascii_uppercase()),
        }
    }
}

impl TryFrom<String> for Units {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        Self::parse(&word).ok_or(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_proftpd_does() {
        assert_eq!(Units::Bytes.show(1000), "1000.00");
        assert_eq!((Units::Kilo.show(1000), Units::Kilo.variable(1000)), ("0.98".to_owned(), "0.98 KB".to_owned()));
        assert_eq!((Units::Giga.show(2 << 30), Units::Bytes.variable(5)), ("2.00".to_owned(), "5.00".to_owned()));
        assert_eq!(Units::parse("MB"), Some(Units::Mega));
    }
}
