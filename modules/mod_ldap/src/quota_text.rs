//! The text of a quota, as in ftpQuota and LDAPDefaultQuota.

use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaStrictness};

/// Reads `per_session,limit_type,bytes_in,bytes_out,bytes_xfer,files_in,files_out,files_xfer`.
pub(crate) fn parse(text: &str) -> Option<QuotaLimit> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let [session, kind, numbers @ ..] = fields.as_slice() else { return None };
    let per_session = if session.eq_ignore_ascii_case("true") {
        true
    } else if session.eq_ignore_ascii_case("false") {
        false
    } else {
        return None;
    };
    let strictness = if kind.eq_ignore_ascii_case("hard") {
        QuotaStrictness::Hard
    } else if kind.eq_ignore_ascii_case("soft") {
        QuotaStrictness::Soft
    } else {
        return None;
    };
    let numbers: Vec<i64> = numbers.iter().map(|number| whole(number)).collect::<Option<_>>()?;
    let [bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer] = numbers.try_into().ok()?;
    let most = QuotaNumbers { bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer };
    Some(QuotaLimit { per_session, strictness, most })
}

/// Tables have fractions, too; what is beyond all disks is the largest number.
fn whole(number: &str) -> Option<i64> {
    let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite())?;
    // Saturates.
    Some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_fields_make_a_limit() {
        let limit = parse("false, HARD,1048576.0,-1,0,10,0,0").unwrap();
        assert_eq!((limit.per_session, limit.strictness), (false, QuotaStrictness::Hard));
        assert_eq!((limit.most.bytes_in, limit.most.bytes_out, limit.most.files_in), (1_048_576, -1, 10));
        assert!(parse("true,soft,1e300,0,0,0,0,0").unwrap().most.bytes_in == i64::MAX);
        for text in [
            "",
            "false,hard,1",
            "no,hard,0,0,0,0,0,0",
            "false,firm,0,0,0,0,0,0",
            "false,hard,x,0,0,0,0,0",
            "false,hard,0,0,0,0,0,0,0",
            "false,hard,NaN,0,0,0,0,0",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
