CREATE TABLE visitors (
    day date NOT NULL,
    n integer CHECK (n <= 60)
);

SELECT day, n FROM visitors WHERE n > 50;
