mod clauses;
mod dice;
mod fuzz;
mod pages;
mod table;
