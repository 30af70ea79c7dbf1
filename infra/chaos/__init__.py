"""A whole deployment on one machine, and blows against it while jobs run: promise 2's proof."""
