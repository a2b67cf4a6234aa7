//! gantry, the operator's tool.

fn main() {}
