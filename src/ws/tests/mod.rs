mod clauses;
pub(super) mod dice;
mod fuzz;
mod pages;
mod table;
