# Read by R as its profile in a program that `amlclassic run` starts. R's curl asks libcurl, and that looks for authorities
# where it was built to, whatever CURL_CA_BUNDLE says; so each handle is made with the bundle of the run, unless the program
# names one. First comes the profile that R would have read without this one.
local({
  own <- c(Sys.getenv("AMLCLASSIC_RUN_R_PROFILE"), ".Rprofile", "~/.Rprofile")
  own <- own[file.exists(own)]
  if (length(own) > 0) source(own[[1]], local = globalenv())

  bundle <- Sys.getenv("CURL_CA_BUNDLE")
  setHook(packageEvent("curl", "onLoad"), function(...) {
    space <- asNamespace("curl")
    replace <- function(name, made) {
      unlockBinding(name, space)
      assign(name, made, envir = space)
      lockBinding(name, space)
    }
    new_handle <- get("new_handle", envir = space)
    handle_reset <- get("handle_reset", envir = space)
    replace("new_handle", function(...) {
      given <- list(...)
      if (is.null(given$cainfo)) given$cainfo <- bundle
      do.call(new_handle, given)
    })
    replace("handle_reset", function(handle) { # httr does so between two calls
      handle_reset(handle)
      space$handle_setopt(handle, cainfo = bundle)
    })
  })
  options(RCurlOptions = c(list(cainfo = bundle), getOption("RCurlOptions")))
})
