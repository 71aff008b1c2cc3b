"""What people and programs read: tables, logs, progress. Takes values, returns text; the streams are at the edge."""
