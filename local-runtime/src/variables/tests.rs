use super::*;

fn declared(toml: &str) -> BTreeMap<String, manifest::Variable> {
    toml::from_str(toml).unwrap()
}

fn resolved(toml: &str, env: &[(&str, &str)]) -> Result<Variables> {
    let env: BTreeMap<_, _> = env.iter().copied().collect();
    Variables::resolve(&declared(toml), |name| env.get(name).map(|value| (*value).to_owned()))
}

#[test]
fn the_environment_overrides_a_default_even_with_an_empty_text() {
    let toml = "a = { default = \"one\" }\nb_2 = { default = \"two\" }";
    let variables = resolved(toml, &[("SPIN_VARIABLE_B_2", "")]).unwrap();
    assert_eq!(variables.render("{{ a }}-{{b_2}}.", "x").unwrap().text, "one-.");
}

#[test]
fn a_required_variable_without_a_value_is_refused_with_the_name_of_its_environment_variable() {
    let error = resolved("key = { required = true }", &[]).unwrap_err().to_string();
    assert!(error.contains("\"key\"") && error.contains("SPIN_VARIABLE_KEY"), "{error}");
    assert!(resolved("key = { required = true }", &[("SPIN_VARIABLE_KEY", "v")]).is_ok());
    for neither_or_both in ["secret = true", "required = true, default = \"x\""] {
        let toml = format!("key = {{ {neither_or_both} }}");
        let error = resolved(&toml, &[("SPIN_VARIABLE_KEY", "v")]).unwrap_err().to_string();
        assert!(error.contains("\"key\" needs either a default or `required"), "{error}");
    }
}

#[test]
fn names_that_are_not_snake_case_are_refused() {
    for name in ["Key", "1key", "key_", "ke__y", "_key", "ke-y", ""] {
        assert!(check_name(name).is_err(), "{name}");
    }
    for name in ["key", "key_1", "a1_b2"] {
        assert!(check_name(name).is_ok(), "{name}");
    }
}

#[test]
fn a_text_with_a_secret_in_it_shows_its_template_only() {
    let variables =
        resolved("p = { default = \"hush\", secret = true }\nh = { default = \"host\" }", &[])
            .unwrap();
    let rendered = variables.render("redis://:{{ p }}@{{ h }}", "x").unwrap();
    assert_eq!(rendered.text, "redis://:hush@host");
    assert_eq!(rendered.shown, "redis://:{{ p }}@{{ h }}");
    assert_eq!(variables.render("{{h}}", "x").unwrap().shown, "host");
    let unset = resolved("p = { default = \"\", secret = true }", &[]).unwrap();
    assert_eq!(unset.render("{{ p }}redis://host", "x").unwrap().shown, "redis://host");
}

#[test]
fn a_malformed_template_and_an_undeclared_variable_are_refused() {
    let variables = resolved("a = { default = \"secret\", secret = true }", &[]).unwrap();
    for template in ["{{ a", "a }}", "{{ b }}", "{{ a }} }}"] {
        let error = variables.render(template, "component \"x\"").unwrap_err().to_string();
        assert!(error.contains("component \"x\"") && !error.contains("secret"), "{error}");
    }
}
