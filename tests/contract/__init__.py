"""What the reconciler relies on, asked of every engine: a difference is a defect of one of them."""
