//! Tests of the book of devices over a store in memory.

mod bounds;
mod keeping;
mod pairing;
mod rig;
mod tokens;
