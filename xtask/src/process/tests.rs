use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn the_exit_code_is_that_of_a_shell() {
    let code = |script: &str| {
        wait_passing_on(Process::start("the shell", shell(script)).unwrap(), || Ok(()))
    };
    assert_eq!(code("exit 7").unwrap(), 7);
    assert_eq!(code("kill -9 $$").unwrap(), 137);
}

#[test]
fn a_failed_run_names_the_program() {
    let error = run("the shell", &mut shell("exit 3")).unwrap_err();
    assert!(error.to_string().contains("the shell failed with exit status: 3"), "{error:#}");
}
