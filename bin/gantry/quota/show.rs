//! Records as ftpquota prints them.

use gantry_api::quota::{QuotaStrictness, QuotaSubject, QuotaType};
use gantry_quota_table::{Amounts, LimitRecord, TallyRecord};

use super::numbers::Units;

/// A limit.
pub fn limit(record: &LimitRecord, units: Units) -> String {
    let per_session = if record.per_session { "True" } else { "False" };
    let strictness = match record.strictness {
        QuotaStrictness::Hard => "Hard",
        QuotaStrictness::Soft => "Soft",
    };
    let most = |shown: String, is_limited: bool| if is_limited { shown } else { "unlimited".to_owned() };
    let head = head(&record.subject);
    let numbers = numbers(&record.most, units, most);
    format!("{head}  Per Session: {per_session}\n  Limit Type: {strictness}\n{numbers}")
}

/// A tally. ftpquota says `unlimited` for a tally of no bytes.
pub fn tally(record: &TallyRecord, units: Units) -> String {
    format!("{}{}", head(&record.subject), numbers(&record.used, units, |shown, _| shown))
}

fn head(subject: &QuotaSubject) -> String {
    let kind = match subject.kind {
        QuotaType::User => "User",
        QuotaType::Group => "Group",
        QuotaType::Class => "Class",
        QuotaType::All => "All",
    };
    format!("{}\n  Name: {}\n  Quota Type: {kind}\n", "-".repeat(43), subject.name.escape_debug())
}

/// One line for each number. `show` gets it as text, and whether it is more than zero.
fn numbers(amounts: &Amounts, units: Units, show: impl Fn(String, bool) -> String) -> String {
    let ways = ["Uploaded", "Downloaded", "Transferred"];
    let bytes = ways.into_iter().zip(amounts.bytes).map(|(way, number)| {
        format!("    {way} {}:\t{}\n", units.name(), show(format!("{:.2}", number / units.size()), number > 0.0))
    });
    let files = ways
        .into_iter()
        .zip(amounts.files)
        .map(|(way, number)| format!("    {way} files:\t{}\n", show(number.to_string(), number > 0)));
    bytes.chain(files).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_shown_as_ftpquota_does() {
        let record = LimitRecord {
            subject: QuotaSubject { kind: QuotaType::Group, name: "staff".to_owned() },
            per_session: true,
            strictness: QuotaStrictness::Soft,
            most: Amounts { bytes: [-1.0, 2_147_483_648.0, 0.0], files: [0, 3, 0] },
        };
        let lines = [
            "-------------------------------------------",
            "  Name: staff",
            "  Quota Type: Group",
            "  Per Session: True",
            "  Limit Type: Soft",
            "    Uploaded Gb:\tunlimited",
            "    Downloaded Gb:\t2.00",
            "    Transferred Gb:\tunlimited",
            "    Uploaded files:\tunlimited",
            "    Downloaded files:\t3",
            "    Transferred files:\tunlimited",
            "",
        ];
        assert_eq!(limit(&record, Units::Giga), lines.join("\n"));
        let subject = record.subject;
        assert!(tally(&TallyRecord::zero(subject), Units::Byte).ends_with("    Transferred files:\t0\n"));
    }
}
