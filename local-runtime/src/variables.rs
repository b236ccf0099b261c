//! Application variables and the `{{ name }}` templates that use them.
//!
//! A value comes from the environment variable `SPIN_VARIABLE_<UPPER_NAME>`, else from the
//! manifest's default. If a text contains a secret, only the template is ever shown, in errors as
//! well as in output.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::manifest;

/// All declared variables with their values.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, Value>,
}

#[derive(Debug)]
struct Value {
    text: String,
    secret: bool,
}

/// A template with its variables filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// The text to use.
    pub(crate) text: String,
    /// The text to show: the template if it contains a secret.
    pub(crate) shown: String,
}

impl Variables {
    /// Takes each declared variable from `env` or its default; one without a value is an error.
    pub(crate) fn resolve(
        declared: &BTreeMap<String, manifest::Variable>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut values = BTreeMap::new();
        for (name, variable) in declared {
            check_name(name)?;
            if !variable.required && variable.default.is_none() {
                bail!("variable {name:?} needs a default or `required = true`");
            }
            let env_name = format!("SPIN_VARIABLE_{}", name.to_uppercase());
            let Some(text) = env(&env_name).or_else(|| variable.default.clone()) else {
                bail!("required variable {name:?} has no value; set {env_name}");
            };
            values.insert(name.clone(), Value { text, secret: variable.secret });
        }
        Ok(Self { values })
    }

    /// Fills in a template; `what` says in errors whose template it is.
    pub(crate) fn render(&self, template: &str, what: &str) -> Result<Rendered> {
        let mut text = String::new();
        let mut secret = false;
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            let (before, after) = (&rest[..start], &rest[start + 2..]);
            let Some(end) = after.find("}}") else {
                bail!("{what}: the template {template:?} has `{{{{` without `}}}}`");
            };
            let name = after[..end].trim();
            let Some(value) = self.values.get(name) else {
                bail!("{what}: the template {template:?} names the undeclared variable {name:?}");
            };
            text.push_str(before);
            text.push_str(&value.text);
            // Nothing is no secret: the text can be shown as it is.
            secret |= value.secret && !value.text.is_empty();
            rest = &after[end + 2..];
        }
        if rest.contains("}}") {
            bail!("{what}: the template {template:?} has `}}}}` without `{{{{`");
        }
        text.push_str(rest);
        let shown = if secret { template.to_owned() } else { text.clone() };
        Ok(Rendered { text, shown })
    }
}

impl Rendered {
    /// The result of a check of the text; with a secret, the reason of a failure is withheld,
    /// because it may quote the secret.
    pub(crate) fn without_secret<T>(&self, checked: Result<T>) -> Result<T> {
        match checked {
            Err(_) if self.shown != self.text => {
                bail!("it is malformed or not supported (a secret is part of it)")
            }
            checked => checked,
        }
    }
}

/// Refuses what Spin refuses as a variable's name: anything but lower snake_case.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let legal = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.ends_with('_')
        && !name.contains("__");
    if !legal {
        bail!("{name:?} is not a variable name: lower-case words joined by single underscores");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
        let error = resolved("key = { secret = true }", &[]).unwrap_err().to_string();
        assert!(error.contains("required"), "{error}");
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
}
