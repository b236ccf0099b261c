//! Application variables and the `{{ name }}` templates that use them.
//!
//! A value comes from the environment variable `SPIN_VARIABLE_<UPPER_NAME>`, else from the
//! manifest's default. If a text contains a secret, errors and output show its template instead.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};

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
    /// Reads each declared variable from `env`, else its default. A variable without a value is an
    /// error.
    pub(crate) fn resolve(
        declared: &BTreeMap<String, manifest::Variable>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut values = BTreeMap::new();
        for (name, variable) in declared {
            check_name(name)?;
            if variable.required == variable.default.is_some() {
                bail!("variable {name:?} needs either a default or `required = true`");
            }
            let env_name = format!("SPIN_VARIABLE_{}", name.to_uppercase());
            let Some(text) = env(&env_name).or_else(|| variable.default.clone()) else {
                bail!("required variable {name:?} has no value; set {env_name}");
            };
            values.insert(name.clone(), Value { text, secret: variable.secret });
        }
        Ok(Self { values })
    }

    /// Fills in a template. In errors, `what` names its owner.
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
            // An empty secret reveals nothing, so the text can be shown.
            secret |= value.secret && !value.text.is_empty();
            rest = &after[end + 2..];
        }
        let is_closed = !rest.contains("}}");
        ensure!(is_closed, "{what}: the template {template:?} has `}}}}` without `{{{{`");
        text.push_str(rest);
        let shown = if secret { template.to_owned() } else { text.clone() };
        Ok(Rendered { text, shown })
    }
}

impl Rendered {
    /// The result of a check of the text. With a secret, the reason of a failure is withheld,
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

/// Refuses a name that Spin refuses for a variable: anything but lower snake_case.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if !is_words(name, '_', |_, c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
        bail!("{name:?} is not a variable name: lower-case words joined by single underscores");
    }
    Ok(())
}

/// Whether a text is words joined by single delimiters, as Spin's ids are. All characters of a word
/// must fit it. The first word starts with a letter, the others with a letter or digit.
pub(crate) fn is_words(text: &str, delimiter: char, fits: impl Fn(&str, char) -> bool) -> bool {
    let is_word = |(index, word): (usize, &str)| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || (index > 0 && c.is_ascii_digit()))
            && word.chars().all(|c| fits(word, c))
    };
    text.split(delimiter).enumerate().all(is_word)
}

#[cfg(test)]
mod tests;
