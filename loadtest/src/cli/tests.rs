use super::*;

#[test]
fn every_command_has_two_examples_and_help_lists_the_exit_codes() {
    let mut command = Command::command();
    for code in ["0", "1", "2", "3", "130"] {
        let is_listed = |line: &str| line.trim_start().starts_with(&format!("{code}  "));
        assert!(command.render_help().to_string().lines().any(is_listed), "{code}");
    }
    for subcommand in command.get_subcommands_mut().filter(|one| one.get_name() != "help") {
        let help = subcommand.render_help().to_string();
        let example = format!("loadtest {}", subcommand.get_name());
        let examples = help.split_once("Examples:").map(|(_, examples)| examples);
        let count = examples.map_or(0, |examples| examples.matches(&example).count());
        assert!(count >= 2, "{help}");
    }
}
