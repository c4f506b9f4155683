"""What a notebook does, beside what others do with the same: reading slices, arrays, a million slices."""
