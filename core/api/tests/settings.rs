//! `settings!`: one declaration makes the directive, its default and its setting.

use std::any::TypeId;

use gantry_api::settings::of_values;
use gantry_api::{Defaults, Directive, FromScope, ScopeValues, Value, inventory, parse, settings};

mod inner {
    use gantry_api::{parse, settings};

    settings! {
        /// A part in a file of its own.
        #[derive(Debug)]
        pub(super) struct Inner {
            /// A number.
            pub(super) number: u8 = TestNumber "number" in SERVER, inherits: replace, default: "7", parse: parse::number;
        }
    }
}

settings! {
    /// What a test says.
    #[derive(Debug)]
    struct Tested {
        /// A switch.
        switch: bool = TestSwitch "on|off" in SERVER | VHOST, inherits: replace, default: "on", parse: parse::on_off;
        /// A text.
        text: Option<String> = TestText "text" in SERVER, inherits: replace;
        /// Words.
        words: Vec<String> = TestWords "word ..." in SERVER, inherits: replace, default: "a \"b c\"", parse: parse::words;
        /// Lines.
        lines: Vec<String> = TestLines "word" in SERVER, inherits: append;
        /// Some other module's.
        elsewhere: Option<u8> = TestElsewhere;
        inner: inner::Inner;
    }
}

#[test]
fn what_is_not_given_is_the_directives_default() {
    let absent: Tested = of_values([]).unwrap();
    assert!(absent.switch && absent.text.is_none() && absent.lines.is_empty() && absent.elsewhere.is_none());
    assert_eq!((absent.words, absent.inner.number), (vec!["a".to_owned(), "b c".to_owned()], 7));
    let given = [
        ("TestSwitch", Value::Bool(false)),
        ("TestNumber", Value::Int(3)),
        ("TestElsewhere", Value::Int(5)),
        ("TestText", Value::None),
    ];
    let given: Tested = of_values(given).unwrap();
    assert!(!given.switch && given.text.is_none());
    assert_eq!((given.inner.number, given.elsewhere), (3, Some(5)));
    let part = given.part(TypeId::of::<inner::Inner>()).and_then(|part| part.downcast_ref::<inner::Inner>());
    assert_eq!(part.map(|part| part.number), Some(3));
    assert!(given.part(TypeId::of::<u8>()).is_none());
    let names = Tested::directives();
    assert_eq!(names, ["TestSwitch", "TestText", "TestWords", "TestLines", "TestElsewhere", "TestNumber"]);
}

#[test]
fn errors_name_the_directive() {
    let wrong = of_values::<Tested>([("TestNumber", Value::Int(300))]).unwrap_err();
    assert_eq!(wrong.key.as_deref(), Some("TestNumber"));
    let values = ScopeValues::new(&Value::None, &Defaults::default()).setting::<u8>("TestNumber");
    assert_eq!(values.unwrap_err().to_string(), "TestNumber: is required, but missing");
}

#[test]
fn a_default_that_its_parser_rejects_is_an_error() {
    let found = inventory::iter::<Directive>.into_iter().find(|directive| directive.name == "TestSwitch").unwrap();
    let &Directive { name, module, syntax, contexts, inherits, help, parse, secret, idle, .. } = found;
    let (default, otherwise) = (Some("perhaps"), None);
    let faulty = Directive { name, module, syntax, contexts, inherits, default, otherwise, help, parse, secret, idle };
    let error = Defaults::read([&faulty]).unwrap_err().to_string();
    assert!(error.starts_with("the parser of TestSwitch rejects its own default: "), "{error}");
}
