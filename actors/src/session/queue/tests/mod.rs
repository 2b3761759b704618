mod held;
mod rules;
