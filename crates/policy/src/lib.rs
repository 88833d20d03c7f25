//! Every decision, pure: K.ride's rules, the class of a failure, the next retry, fallback or not.
