{{/* Each truck is counted once by its time from this version on. Its views are in views/. */}}
