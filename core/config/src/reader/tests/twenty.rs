//! One file with more than twenty different faults: all are reported with line and
//! column.

use crate::testing::configure;

/// A line of the file, and the column and start of its message.
const LINES: [(&str, Option<(u32, &str)>); 41] = [
    ("Prot 21", Some((1, "unknown configuration directive 'Prot'"))),
    ("  Port x", Some((8, "Port: 'x' is not a whole number"))),
    ("Port", Some((1, "Port: missing parameters"))),
    ("Umask 022 027 0", Some((1, "Umask: wrong number of parameters"))),
    ("AllowAll", Some((1, "AllowAll: directive not allowed in server config context"))),
    ("<Direktory /x>", Some((1, "unknown configuration directive '<Direktory>'"))),
    ("</Direktory>", None),
    ("\t<Directory x>", Some((2, "<Directory>: relative path not allowed in non-<Anonymous> sections"))),
    ("   Port 21", Some((4, "Port: directive not allowed in <Directory> context"))),
    ("</Directory>", None),
    ("<Directory>", Some((1, "<Directory>: missing parameters"))),
    ("</Directory>", None),
    ("<Limit>", Some((1, "<Limit>: directive requires one or more commands"))),
    ("  DenyAll x", Some((3, "DenyAll: wrong number of parameters"))),
    ("</Limit>", None),
    ("<Limit READ>", None),
    ("  Order x", Some((9, "Order: 'x': invalid argument"))),
    ("  Allow from 1.2.3.4/40", Some((14, "Allow: bad ACL definition '1.2.3.4/40': Invalid argument"))),
    ("  DenyUser", Some((3, "DenyUser: wrong number of parameters"))),
    ("  DenyGroup regex (", Some((19, "DenyGroup: '(' failed regex compilation: unclosed group"))),
    ("  ServerName a", Some((3, "ServerName: directive not allowed in <Limit> context"))),
    ("</Limit>", None),
    ("</Global>", Some((1, "</Global>: directive not allowed in server config context"))),
    ("Include x", Some((9, "Include: unable to use path for configuration file 'x'"))),
    ("LoadModule mod_y.c", Some((1, "LoadModule: error loading module 'mod_y.c': no mod_y.so in /modules"))),
    ("ModulePath x", Some((1, "ModulePath: must be an absolute path"))),
    ("TLSEngine on", Some((1, "unknown configuration directive 'TLSEngine'"))),
    ("SQLOptions a", Some((1, "unknown configuration directive 'SQLOptions'"))),
    ("<Class c>", None),
    ("  Satisfy most", Some((11, "Satisfy: invalid parameter: 'most'"))),
    ("</Class>", None),
    ("AllowOverwrite  perhaps", Some((17, "AllowOverwrite: expected Boolean parameter, found 'perhaps'"))),
    ("<IfModule>", Some((1, "<IfModule>: missing parameters"))),
    ("</IfModule>", None),
    ("<Anonymous ftp>", Some((12, "<Anonymous>: (ftp) absolute pathname required"))),
    ("</Anonymous>", None),
    ("<VirtualHost>", Some((1, "<VirtualHost>: wrong number of parameters"))),
    ("</VirtualHost>", None),
    ("<Directory /y", Some((1, "unknown configuration directive '<Directory'"))),
    ("</Directory>", None),
    ("Define", Some((1, "Define: missing parameters"))),
];

#[test]
fn every_fault_of_a_file_is_told_at_its_line_and_column() {
    let text: String = LINES.iter().map(|(line, _)| format!("{line}\n")).collect();
    let faults = configure(&text).err().map(|faults| faults.0).unwrap_or_default();
    let told: Vec<_> = faults
        .iter()
        .map(|fault| (fault.first_line(), fault.position.as_ref().map(|at| (at.line, at.column))))
        .collect();
    let numbered = (1_u32..).zip(LINES);
    let expected: Vec<_> = numbered
        .filter_map(|(number, (_, said))| said.map(|(column, text)| (number, column, text)))
        .map(|(number, column, text)| (format!("Fatal: {text} on line {number} of '/t.conf'"), Some((number, column))))
        .collect();
    assert_eq!(told, expected);
    assert!(expected.len() > 20);
    assert!(faults.iter().all(|fault| fault.source_line.is_some()));
}

#[test]
fn a_directive_of_proftpds_is_no_typing_error() {
    let help = configure("TLSEngine on\n<IfBogus 1.3>\n</IfBogus>\n")
        .err()
        .map(|faults| faults.0.into_iter().flat_map(|fault| fault.help).collect::<Vec<_>>());
    assert_eq!(help, Some(vec!["known to ProFTPD's mod_tls; not supported".to_owned()]));
}
