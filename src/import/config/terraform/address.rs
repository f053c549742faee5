//! Addresses of resources: `module.network["a"].azurerm_public_ip.egress[0]`.

/// The steps of an address, each with its key. A dot in a key is none of the address.
pub fn steps(address: &str) -> Vec<&str> {
    let (mut steps, mut from) = (Vec::new(), 0);
    let (mut in_key, mut in_text, mut escaped) = (false, false, false);
    for (at, letter) in address.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' if in_key => in_text = !in_text,
            '[' if !in_text => in_key = true,
            ']' if !in_text => in_key = false,
            '.' if !in_key => {
                steps.push(&address[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    steps.push(&address[from..]);
    steps
}

/// A step or whole address without its keys.
pub fn without_keys(address: &str) -> String {
    let bare = |step: &str| step.split('[').next().unwrap_or(step).to_string();
    steps(address).into_iter().map(bare).collect::<Vec<_>>().join(".")
}

/// The key of the last step, in its brackets.
pub fn key(address: &str) -> Option<&str> {
    let last = steps(address).pop()?;
    last.find('[').map(|at| &last[at..])
}

/// The modules that a resource is in, and its own address in there.
pub fn split_modules(address: &str) -> (Vec<&str>, String) {
    let all = steps(address);
    let modules = all.chunks(2).take_while(|pair| pair.len() == 2 && pair[0] == "module").count();
    let names = all[..2 * modules].chunks(2).map(|pair| pair[1]).collect();
    (names, all[2 * modules..].join("."))
}

/// What stands before an address in a module.
pub fn prefix_of(address: &str) -> String {
    let (modules, _) = split_modules(address);
    modules.into_iter().map(|module| format!("module.{module}.")).collect()
}
