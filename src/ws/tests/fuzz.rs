use jsonschema::Validator;
use schemars::SchemaGenerator;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::dice::{Dice, cases};
use crate::ws::table::Method;
use crate::ws::{methods, params};

fn schema_of(method: &Method) -> (Value, Validator) {
    let schema = (method.params)(SchemaGenerator::default()).to_value();
    let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{}: {error}", method.name));
    (schema, validator)
}

fn read(method: &Method, protocol: u32, params: &Value, validator: &Validator) -> Result<Value, String> {
    let raw = RawValue::from_string(params.to_string()).unwrap();
    params::read(method.name, protocol, Some(&raw), Some(validator)).map_err(|error| {
        assert_eq!(error.code, "INVALID_REQUEST", "{}", method.name);
        assert!(error.message.len() < 8_000, "{}: {}", method.name, error.message);
        error.message
    })
}

/// Writes every number in one form, to compare by value.
fn floats(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(floats).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, floats(value))).collect()),
        other => other,
    }
}

#[test]
fn what_fits_a_schema_is_read_and_fits_the_type() {
    for method in methods::all() {
        let (schema, validator) = schema_of(method);
        let mut fitting = 0;
        for case in 0..cases() {
            let params = Dice::of_case(case).make(&schema, &schema, 0);
            if !validator.is_valid(&params) || params::too_large(&params).is_some() {
                continue;
            }
            fitting += 1;
            for protocol in [3, 4, 7] {
                // `89.0` is read as `89`: JSON knows no difference.
                let found = read(method, protocol, &params, &validator);
                assert_eq!(found.map(floats), Ok(floats(params.clone())), "{}: {params}", method.name);
            }
            let taken = read(method, 3, &params, &validator).unwrap();
            let fits = (method.fits)(taken);
            assert!(fits.is_ok(), "{}: the schema takes {params}, the type says {fits:?}", method.name);
        }
        assert!(fitting > cases() / 8, "{}: only {fitting} of {} fit", method.name, cases());
    }
}

#[test]
fn what_does_not_fit_is_told_by_name() {
    for method in methods::all() {
        let (schema, validator) = schema_of(method);
        for case in 0..cases() {
            let mut dice = Dice::of_case(case);
            let mut params = dice.make(&schema, &schema, 0);
            for _ in 0..=dice.below(3) {
                dice.spoil(&mut params);
            }
            match read(method, 3, &params, &validator) {
                Ok(taken) => {
                    let fits = (method.fits)(taken);
                    assert!(fits.is_ok(), "{}: {params}: {fits:?}", method.name);
                }
                Err(text) => {
                    let begin = format!("invalid {} params: ", method.name);
                    assert!(text.len() > begin.len() && text.starts_with(&begin), "{}: {text}", method.name);
                }
            }
            // Clients of newer protocols may say more, and are told of the rest all the same.
            if let Ok(taken) = read(method, 4, &params, &validator) {
                let _ = (method.fits)(taken);
            }
        }
    }
}

#[test]
fn no_parameters_are_an_empty_object() {
    for method in methods::all() {
        let (_, validator) = schema_of(method);
        let empty = read(method, 3, &json!({}), &validator);
        assert_eq!(read(method, 3, &Value::Null, &validator), empty, "{}", method.name);
        let none = params::read(method.name, 3, None, Some(&validator)).map_err(|error| error.message);
        assert_eq!(none, empty, "{}", method.name);
    }
}
